import { IsInt } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { MessageType } from '../../src/wire/message-type.js'
import { encodeSynapsePacket, encodeSynapseResponse } from '../../src/wire/messages.js'
import { turn } from '../support/frames.js'
import { minerSigner } from '../support/hotkeys.js'
import { handler, type Peer, ServedMiner } from '../support/served-miner.js'

class Numbered {
  @IsInt() n!: number
}

const handlers = [
  handler(synapse('echo', {}), (_data, call) => call.data),
  handler(synapse('numbered', { request: Numbered }), ({ n }) => ({ n })),
  handler(synapse('bytes', { stream: true }), () => [Buffer.from('a chunk')]),
]
const miner = () => new ServedMiner(handlers)

function header(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = type
  bytes.writeUInt32BE(length, 1)
  return bytes
}

const frame = (type: number, payload: Uint8Array = Buffer.alloc(0)) =>
  Buffer.concat([header(type, payload.length), payload])

const packet = (synapseType: string, data: object = {}) =>
  encodeSynapsePacket({ synapseType, data, timestamp: 0 })

const failure = (error: string) => ({
  type: 'SynapseResponse',
  success: false,
  data: {},
  timestamp: expect.any(Number),
  error,
})

async function stillAnswers(peer: Peer): Promise<void> {
  expect(await peer.answer('echo', { still: 'here' })).toMatchObject({
    success: true,
    data: { still: 'here' },
  })
  expect(peer.closed).toBeUndefined()
}

describe('before the handshake', () => {
  test('a synapse is told so, known or not', async () => {
    const peer = miner().connect()
    expect(await peer.answers('echo')).toEqual([failure('authentication failed')])
    expect(await peer.answers('nothing of that name')).toEqual([failure('authentication failed')])
  })

  test('a stream is told so in the form of a stream', async () => {
    expect(await miner().connect().answers('bytes')).toEqual([
      { type: 'StreamEnd', success: false, error: 'authentication failed' },
    ])
  })

  test('a malformed synapse learns no more than that', async () => {
    const malformed = frame(MessageType.SynapsePacket, Buffer.from([0xc1]))
    expect(await miner().connect().send(malformed).done).toEqual([failure('authentication failed')])
  })

  test('4,096 bytes are read, one more is answered from the header alone', async () => {
    const peer = miner().connect()
    const whole = packet('echo', { payload: Buffer.alloc(4096 - packet('echo', { payload: '' }).length + 3) })
    expect(whole.length).toBe(5 + 4096)
    const unread = peer.begin(whole.subarray(0, 5))
    await turn()
    expect(unread.messages).toEqual([])
    unread.stream.end(whole.subarray(5))
    expect(await unread.done).toEqual([failure('authentication failed')])

    const refused = peer.begin(header(MessageType.SynapsePacket, 4097))
    expect(await refused.done).toEqual([failure('authentication failed')])
    expect(refused.over).toBe('end')
  })

  test('an overlong handshake is not read either', async () => {
    const served = miner()
    const peer = served.connect()
    const timers = served.clock.pending
    expect(await peer.begin(header(MessageType.HandshakeRequest, 4097)).done).toEqual([])
    served.service.noise.stop()
    expect(served.clock.pending).toBe(timers)
  })

  test('the handshake lifts that limit', async () => {
    const peer = await miner().authenticated()
    const payload = Buffer.alloc(100_000, 7)
    expect(await peer.answer('echo', { payload })).toMatchObject({ success: true, data: { payload } })
  })
})

describe('what the protocol does not know ends that stream and nothing else', () => {
  const cases: [string, Buffer][] = [
    ['an unknown type', frame(0x07)],
    ['type 0', frame(0x00)],
    ['a HandshakeResponse', frame(MessageType.HandshakeResponse)],
    ['a SynapseResponse', encodeSynapseResponse({ success: true, data: {}, timestamp: 0, error: null })],
    ['a StreamChunk', frame(MessageType.StreamChunk)],
    ['a StreamEnd', frame(MessageType.StreamEnd)],
    ['a length over the limit', header(MessageType.SynapsePacket, 64 * 1024 * 1024 + 1)],
    ['half a header', header(MessageType.SynapsePacket, 10).subarray(0, 3)],
    ['half a payload', packet('echo', { a: 1 }).subarray(0, -1)],
    ['nothing at all', Buffer.alloc(0)],
  ]

  test.each(cases)('%s', async (_, bytes) => {
    const served = miner()
    const peer = await served.authenticated()
    expect(await peer.send(bytes).done).toEqual([])
    expect(served.log.lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([])
    expect(served.clock.pending).toBe(0)
    await stillAnswers(peer)
  })

  test.each(cases)('%s, before the handshake', async (_, bytes) => {
    const served = miner()
    const peer = served.connect()
    const timers = served.clock.pending
    expect(await peer.send(bytes).done).toEqual([])
    served.service.noise.stop()
    expect(served.clock.pending).toBe(timers)
    expect(await peer.handshake()).toMatchObject({ accepted: true })
    await stillAnswers(peer)
  })
})

describe('one frame a stream', () => {
  test('a second request is not answered, in one piece or in two', async () => {
    const peer = await miner().authenticated()
    const two = Buffer.concat([packet('echo', { n: 1 }), packet('echo', { n: 2 })])
    expect(await peer.send(two).done).toMatchObject([{ data: { n: 1 } }])
    const frames = peer.begin(two.subarray(0, two.length / 2))
    frames.stream.end(two.subarray(two.length / 2))
    expect(await frames.done).toMatchObject([{ data: { n: 1 } }])
  })

  test('rubbish after the request does not take its answer away', async () => {
    const peer = await miner().authenticated()
    for (const rubbish of [
      Buffer.from([0xff, 0xff]),
      header(MessageType.SynapsePacket, 9),
      Buffer.from([3]),
    ]) {
      const separate = peer.begin(packet('echo', { n: 1 }))
      separate.stream.end(rubbish)
      expect(await separate.done).toMatchObject([{ data: { n: 1 } }])
      const together = peer.send(Buffer.concat([packet('echo', { n: 1 }), rubbish]))
      expect(await together.done, rubbish.toString('hex')).toMatchObject([{ data: { n: 1 } }])
    }
    await stillAnswers(peer)
  })

  test('an answer does not wait for the end of the request stream', async () => {
    const peer = await miner().authenticated()
    expect(await peer.begin(packet('echo', { n: 1 })).done).toMatchObject([{ data: { n: 1 } }])
  })

  test('wherever the request is cut', async () => {
    const peer = await miner().authenticated()
    const request = packet('numbered', { n: 300 })
    for (let at = 0; at <= request.length; at++) {
      const frames = peer.begin(request.subarray(0, at))
      frames.stream.end(request.subarray(at))
      expect(await frames.done, `cut at ${at}`).toMatchObject([{ success: true, data: { n: 300 } }])
    }
  })
})

describe('requests in another form', () => {
  test('a map is read, and answered as an array', async () => {
    const peer = await miner().authenticated()
    const map = Buffer.from(
      '83ac73796e617073655f74797065a46563686fa46461746181a16101a974696d657374616d7000',
      'hex',
    )
    expect(await peer.send(frame(MessageType.SynapsePacket, map)).done).toMatchObject([{ data: { a: 1 } }])
  })

  test.each([
    ['not MessagePack', 'c1'],
    ['an array that is too short', '92a46563686f80'],
    ['data that is no map', '93a46563686f9000'],
    ['data with keys that are no strings', '93a46563686f81010200'],
    ['a key __proto__', '93a46563686f81a95f5f70726f746f5f5f8000'],
    ['bytes after the message', '93a46563686f800000'],
  ])('%s: invalid request format', async (_, hex) => {
    const served = miner()
    const peer = await served.authenticated()
    const frames = peer.send(frame(MessageType.SynapsePacket, Buffer.from(hex, 'hex')))
    expect(await frames.done).toEqual([failure('invalid request format')])
    expect(served.log.at('error')).toEqual([])
    await stillAnswers(peer)
  })
})

test('a miner that stops starts nothing: the stream is reset', async () => {
  const served = miner()
  const peer = await served.authenticated()
  await served.service.drain(10_000)
  const frames = peer.ask('echo')
  expect(await frames.done).toEqual([])
  expect(frames.over).toBe('the peer reset the stream')
})

test('the handshake stays an exchange of its own when synapses run beside it', async () => {
  const peer = await miner().authenticated()
  const [answers, response] = await Promise.all([peer.answers('bytes'), peer.handshake()])
  expect(answers).toEqual([
    { type: 'StreamChunk', data: Buffer.from('a chunk') },
    { type: 'StreamEnd', success: true, error: null },
  ])
  expect(response).toMatchObject({ accepted: true, minerHotkey: minerSigner.hotkey })
})

test('a request whose stream was opened before the handshake has the time of a handler', async () => {
  let answer!: (data: object) => void
  const wait = handler(
    synapse('wait', {}),
    () => new Promise<object>((resolve) => (answer = resolve)) as never,
  )
  const served = new ServedMiner([wait])
  const peer = served.connect()
  const bytes = packet('wait')
  const early = peer.begin(bytes.subarray(0, 3))
  await peer.handshake()
  early.stream.end(bytes.subarray(3))
  await turn()
  served.clock.advance(10_000)
  answer({ late: true })
  expect(await early.done).toMatchObject([{ success: true, data: { late: true } }])
})
