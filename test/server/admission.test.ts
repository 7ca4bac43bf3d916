import { describe, expect, test } from 'vitest'
import { verify } from '../../src/auth/sr25519.js'
import { decodeHotkey } from '../../src/auth/ss58.js'
import { requestTranscript, responseTranscript } from '../../src/auth/transcript.js'
import { synapse } from '../../src/contract/definition.js'
import {
  type AccessPolicy,
  allowlist,
  callbackSigner,
  LevinError,
  type MinerOptions,
  type Signer,
} from '../../src/index.js'
import { MessageType } from '../../src/wire/message-type.js'
import { encodeHandshakeRequest } from '../../src/wire/messages.js'
import { turn } from '../support/frames.js'
import { minerSigner, signerOf, validatorSigner } from '../support/hotkeys.js'
import { fingerprint, type HandshakeChange, handler, ServedMiner } from '../support/served-miner.js'

const echo = handler(synapse('echo', {}), (_data, call) => call.data)
const serving = (options: Partial<MinerOptions> = {}) => new ServedMiner([echo], options)
const other = signerOf(3)

const refusal = (miner: ServedMiner, minerHotkey = minerSigner.hotkey) => ({
  type: 'HandshakeResponse',
  minerHotkey,
  timestamp: Math.floor(miner.clock.unixMs() / 1000),
  signature: '',
  accepted: false,
  connectionId: '',
  certFingerprint: null,
})

/** Why the miner refused, as it tells its observers. */
const reasons = (miner: ServedMiner) =>
  miner.handshakes.filter(({ accepted }) => !accepted).map(({ reason }) => reason)

/** A promise and what settles it. */
function gate<T>() {
  let open!: (value: T) => void
  const passed = new Promise<T>((resolve) => {
    open = resolve
  })
  return { passed, open }
}

test('a good handshake is accepted with a signature of its own', async () => {
  const miner = serving()
  const peer = miner.connect()
  const request = await peer.handshakeRequest()
  const [response] = await peer.send(encodeHandshakeRequest(request)).done
  const timestamp = Math.floor(miner.clock.unixMs() / 1000)
  expect(response).toEqual({
    type: 'HandshakeResponse',
    minerHotkey: minerSigner.hotkey,
    timestamp,
    signature: expect.stringMatching(/^[A-Za-z0-9+/]{86}==$/),
    accepted: true,
    connectionId: `conn_${validatorSigner.hotkey}_${miner.clock.unixMs()}`,
    certFingerprint: fingerprint,
  })
  const { validatorHotkey, nonce } = request
  const text = responseTranscript(minerSigner.hotkey, { validatorHotkey, timestamp, nonce, fingerprint })
  const signature = Buffer.from(String(response!.signature), 'base64')
  expect(verify(decodeHotkey(minerSigner.hotkey), text, signature)).toBe(true)
  expect(await peer.answer('echo', { a: 1 })).toMatchObject({ success: true, data: { a: 1 } })
})

describe('refuses, saying nothing but no', () => {
  type Case = [reason: string, change: (miner: ServedMiner) => HandshakeChange]
  const cases: Case[] = [
    ['too old', ({ clock }) => ({ now: clock.unixMs() - 300_000 })],
    ['in the future', ({ clock }) => ({ now: clock.unixMs() + 61_000 })],
    ['malformed nonce', () => ({ fields: { nonce: 'ab' } })],
    ['malformed hotkey', () => ({ fields: { validatorHotkey: 'nobody' } })],
    ['malformed signature', () => ({ fields: { signature: '' } })],
    ['wrong signature', () => ({ fields: { signature: Buffer.alloc(64).toString('base64') } })],
    ['wrong signature', () => ({ fields: { validatorHotkey: other.hotkey } })],
  ]

  test.each(cases)('%s', async (reason, change) => {
    const miner = serving()
    const peer = miner.connect()
    expect(await peer.handshake(change(miner))).toEqual(refusal(miner))
    expect(reasons(miner)).toEqual([reason])
    expect(peer.closed).toBeUndefined()
    expect(await peer.answer('echo')).toMatchObject({ error: 'authentication failed' })
  })

  test('one that is not admitted', async () => {
    const miner = serving({ access: allowlist([other.hotkey]) })
    expect(await miner.connect().handshake()).toEqual(refusal(miner))
    expect(reasons(miner)).toEqual([expect.stringContaining('not admitted: ')])
    expect(await miner.connect().handshake({ signer: other })).toMatchObject({ accepted: true })
  })

  test('everybody with an empty allowlist', async () => {
    const miner = serving({ access: allowlist([]) })
    expect(await miner.connect().handshake()).toEqual(refusal(miner))
  })

  test('what is no handshake request, without its own name', async () => {
    const miner = serving()
    const frame = Buffer.from([MessageType.HandshakeRequest, 0, 0, 0, 1, 0xc1])
    const answer = await miner.connect().send(frame).done
    expect(answer).toEqual([refusal(miner, '')])
  })

  test('a nonce that was used', async () => {
    const miner = serving()
    const nonce = Buffer.alloc(16, 7)
    expect(await miner.connect().handshake({ nonce })).toMatchObject({ accepted: true })
    expect(await miner.connect().handshake({ nonce })).toEqual(refusal(miner))
    expect(reasons(miner)).toEqual(['nonce already used'])
    expect(await miner.connect().handshake({ nonce, signer: other })).toMatchObject({ accepted: true })
  })

  test('its very own request again, also when the first one was refused for lack of room', async () => {
    const miner = serving({ maxValidators: 1 })
    await miner.authenticated(other)
    const frame = encodeHandshakeRequest(await miner.connect().handshakeRequest())
    await miner.connect().send(frame).done
    await miner.connect().send(frame).done
    expect(reasons(miner)).toEqual(['too many validators', 'nonce already used'])
  })
})

test.each([
  [-299_000, true],
  [-300_000, false],
  [60_000, true],
  [61_000, false],
])('a request dated %d ms from now: accepted %s', async (offset, accepted) => {
  const miner = serving()
  const now = Math.floor(miner.clock.unixMs() / 1000) * 1000 + offset
  expect(await miner.connect().handshake({ now })).toMatchObject({ accepted })
})

test('after a refusal the connection is good for another try', async () => {
  const peer = serving().connect()
  expect(await peer.handshake({ fields: { signature: '' } })).toMatchObject({ accepted: false })
  expect(await peer.handshake()).toMatchObject({ accepted: true })
  expect(await peer.answer('echo')).toMatchObject({ success: true })
})

describe('the access policy', () => {
  test('is asked who, and from where', async () => {
    const asked: unknown[] = []
    const miner = serving({ access: (applicant) => asked.push(applicant) > 0 })
    const peer = miner.connect()
    await peer.handshake()
    expect(asked).toEqual([{ hotkey: validatorSigner.hotkey, remote: peer.minerLink.remote }])
  })

  test('is not asked about a request that is out of date', async () => {
    const asked: string[] = []
    const miner = serving({ access: ({ hotkey }) => asked.push(hotkey) > 0 })
    await miner.connect().handshake({ now: miner.clock.unixMs() - 300_000 })
    expect(asked).toEqual([])
  })

  test('may take its time', async () => {
    const answer = gate<boolean>()
    const miner = serving({ access: () => answer.passed })
    const response = miner.connect().handshake()
    answer.open(true)
    expect(await response).toMatchObject({ accepted: true })
  })

  const failing: [string, AccessPolicy][] = [
    [
      'throws',
      () => {
        throw new Error('no chain')
      },
    ],
    ['rejects', () => Promise.reject(new Error('no chain'))],
  ]

  test.each(failing)('that %s admits nobody, and the operator hears of it', async (_, access) => {
    const miner = serving({ access })
    expect(await miner.connect().handshake()).toEqual(refusal(miner))
    expect(reasons(miner)).toEqual([expect.stringContaining('not admitted: the policy failed: ')])
    expect(miner.log.at('error')).toMatchObject([{ fields: { error: { message: 'no chain' } } }])
  })
})

describe('the signer', () => {
  const failing: [string, Signer['sign']][] = [
    ['rejects', () => Promise.reject(new Error('HSM away'))],
    [
      'throws',
      () => {
        throw new Error('HSM away')
      },
    ],
    ['returns too little', () => new Uint8Array(63)],
  ]

  test.each(failing)('that %s: refused, the operator hears of it', async (_, sign) => {
    const miner = serving({ signer: { hotkey: minerSigner.hotkey, sign } })
    const peer = miner.connect()
    expect(await peer.handshake()).toEqual(refusal(miner))
    expect(reasons(miner)).toEqual(['signer failed'])
    expect(miner.log.at('error')).toHaveLength(1)
    expect(await peer.answer('echo')).toMatchObject({ error: 'authentication failed' })
  })

  test('that is away is told of once, then as a number a minute, and when it is back', async () => {
    let isAway = true
    const sign: Signer['sign'] = (message) => {
      if (isAway) throw new LevinError('CONFIG', 'the signer at /run/signer.sock did not sign: start it')
      return minerSigner.sign(message)
    }
    const miner = serving({ signer: { hotkey: minerSigner.hotkey, sign }, handshakesPerMinute: 1000 })
    for (let i = 0; i < 100; i++) await miner.connect().handshake()
    const away = 'the signer failed, so nobody can connect'
    const words = `${away}: the signer at /run/signer.sock did not sign: start it`
    expect(miner.log.at('error')).toEqual([{ level: 'error', message: words, fields: {} }]) // no stack
    miner.clock.advance(60_000)
    expect(miner.log.at('error').slice(1)).toMatchObject([
      { message: `${away}: 99 more within a minute`, fields: { latest: { message: words } } },
    ])
    isAway = false
    for (let i = 0; i < 2; i++) expect(await miner.connect().handshake()).toMatchObject({ accepted: true })
    const back = miner.log.lines.filter(({ message }) => message === 'the signer signs again')
    expect(back).toMatchObject([{ level: 'info', fields: { hotkey: minerSigner.hotkey } }])
  })

  test('that comes and goes cannot fill the log', async () => {
    let n = 0
    const sign: Signer['sign'] = (message) => {
      if (n++ % 2 === 0) throw new Error('HSM away')
      return minerSigner.sign(message)
    }
    const miner = serving({ signer: { hotkey: minerSigner.hotkey, sign }, handshakesPerMinute: 1000 })
    for (let i = 0; i < 100; i++) await miner.connect().handshake()
    expect(miner.log.lines.filter(({ message }) => message.startsWith('the signer'))).toHaveLength(2)
  })

  test("of an author's own that throws is shown with its stack", async () => {
    const miner = serving({
      signer: callbackSigner(minerSigner.hotkey, () => {
        throw new Error('HSM away')
      }),
    })
    await miner.connect().handshake()
    expect(miner.log.at('error')).toMatchObject([{ fields: { error: { cause: { message: 'HSM away' } } } }])
  })

  test("that hangs is one that failed, after a handshake's time", async () => {
    const sign = () => new Promise<Uint8Array>(() => {})
    const miner = serving({ signer: { hotkey: minerSigner.hotkey, sign }, handshakeTimeoutMs: 500 })
    void miner.connect().handshake()
    await turn()
    miner.clock.advance(500)
    await turn()
    expect(miner.log.at('error')).toMatchObject([
      { message: expect.stringContaining(`the signer of ${minerSigner.hotkey} did not sign within 500 ms`) },
    ])
  })
})

describe('room', () => {
  test('a full miner refuses, and lets in again when somebody left', async () => {
    const miner = serving({ maxValidators: 1 })
    const first = await miner.authenticated(other)
    expect(await miner.connect().handshake()).toEqual(refusal(miner))
    expect(reasons(miner)).toEqual(['too many validators'])
    first.link.close(0, 'client_shutdown')
    expect(await miner.connect().handshake()).toMatchObject({ accepted: true })
  })

  test('who is in may replace itself when it is full: the earlier link is closed', async () => {
    const miner = serving({ maxValidators: 1 })
    const first = await miner.authenticated()
    const second = await miner.authenticated()
    expect(first.closed).toMatchObject({ by: 'peer', code: 0, reason: 'replaced', application: true })
    expect(second.closed).toBeUndefined()
    expect(await second.answer('echo')).toMatchObject({ success: true })
    expect(await miner.connect().handshake({ signer: other })).toEqual(refusal(miner))
  })

  test('two that come at the same moment do not both get the last place', async () => {
    const miner = serving({ maxValidators: 1 })
    const [a, b] = [miner.connect(), miner.connect()]
    const responses = await Promise.all([a.handshake(), b.handshake({ signer: other })])
    expect(responses.filter(({ accepted }) => accepted)).toHaveLength(1)
  })

  test('a connection that ended while its handshake was looked at takes no place', async () => {
    const answer = gate<boolean>()
    const miner = serving({
      maxValidators: 1,
      access: ({ hotkey }) => hotkey === other.hotkey || answer.passed,
    })
    const gone = miner.connect()
    void gone.handshake()
    await turn()
    gone.link.close(0, 'client_shutdown')
    answer.open(true)
    await turn()
    expect(await miner.connect().handshake({ signer: other })).toMatchObject({ accepted: true })
  })
})

describe('one connection', () => {
  test('proves itself again, for another miner at this address', async () => {
    const peer = await serving().authenticated()
    expect(await peer.handshake()).toMatchObject({ accepted: true })
    expect(peer.closed).toBeUndefined()
    expect(await peer.answer('echo')).toMatchObject({ success: true })
  })

  test('belongs to one validator: another hotkey on it is refused, the first stays', async () => {
    const miner = serving()
    const peer = await miner.authenticated()
    expect(await peer.handshake({ signer: other })).toEqual(refusal(miner))
    expect(reasons(miner)).toEqual(['another hotkey on one connection'])
    expect(await peer.answer('echo')).toMatchObject({ success: true })
    const elsewhere = await miner.authenticated(other)
    expect([peer.closed, elsewhere.closed]).toEqual([undefined, undefined])
  })

  test('a bad proof later takes nothing away', async () => {
    const peer = await serving().authenticated()
    expect(await peer.handshake({ fields: { signature: '' } })).toMatchObject({ accepted: false })
    expect(await peer.answer('echo')).toMatchObject({ success: true })
  })

  test('one handshake at a time', async () => {
    const answer = gate<boolean>()
    const miner = serving({ access: () => answer.passed })
    const peer = miner.connect()
    const first = peer.handshake()
    expect(await peer.handshake()).toEqual(refusal(miner))
    expect(reasons(miner)).toEqual(['another handshake is under way'])
    expect(await peer.answer('echo')).toMatchObject({ error: 'authentication failed' })
    answer.open(true)
    expect(await first).toMatchObject({ accepted: true })
    expect(await peer.answer('echo')).toMatchObject({ success: true })
  })
})

describe('a handshake that takes too long', () => {
  test('is given up: its stream is reset', async () => {
    const miner = serving({ access: () => new Promise(() => {}) })
    const peer = miner.connect()
    const frames = peer.send(encodeHandshakeRequest(await peer.handshakeRequest()))
    await turn()
    miner.clock.advance(9_999)
    await turn()
    expect(frames.over).toBeUndefined()
    miner.clock.advance(1)
    expect(await frames.done).toEqual([])
    expect(frames.over).toBe('the peer reset the stream')
  })

  test('is not accepted after all, and does not replace the connection that there is', async () => {
    const answers = [Promise.resolve(true)]
    const miner = serving({ access: () => answers.shift()! })
    const first = await miner.authenticated()
    const late = gate<boolean>()
    answers.push(late.passed)
    const peer = miner.connect()
    const frames = peer.send(encodeHandshakeRequest(await peer.handshakeRequest()))
    await turn()
    miner.clock.advance(10_000)
    await frames.done
    late.open(true)
    await turn()
    expect(first.closed).toBeUndefined()
  })

  test('also when its bytes do not come', async () => {
    const miner = serving()
    const frames = miner.connect().begin(Buffer.from([MessageType.HandshakeRequest, 0]))
    await turn()
    miner.clock.advance(10_000)
    await frames.done
    expect(frames.over).toBe('the peer reset the stream')
  })

  test('leaves no timer behind when it was quick', async () => {
    const miner = serving()
    const peer = await miner.authenticated()
    expect(miner.clock.pending).toBe(0)
    await peer.handshake({ fields: { signature: '' } })
    await peer.send(Buffer.from([MessageType.HandshakeRequest, 0, 0, 0, 1, 0xc1])).done
    miner.service.noise.stop()
    expect(miner.clock.pending).toBe(0)
  })
})

test('the transcript is signed over this very certificate', async () => {
  const miner = serving()
  const peer = miner.connect()
  const request = await peer.handshakeRequest()
  const { validatorHotkey, timestamp, nonce } = request
  const elsewhere = requestTranscript({ validatorHotkey, timestamp, nonce, fingerprint: 'another' })
  const signature = Buffer.from(await validatorSigner.sign(elsewhere)).toString('base64')
  expect(await peer.handshake({ fields: { nonce, signature } })).toEqual(refusal(miner))
  expect(reasons(miner)).toEqual(['wrong signature'])
})

test('who wants no answer any more is not admitted', async () => {
  const { passed, open } = gate<void>()
  const signer: Signer = {
    ...minerSigner,
    sign: async (message) => {
      await passed
      return minerSigner.sign(message)
    },
  }
  const miner = serving({ signer })
  const peer = miner.connect()
  const frames = peer.send(encodeHandshakeRequest(await peer.handshakeRequest()))
  await turn()
  frames.stream.reset() // it has finished: this is a STOP_SENDING
  await turn()
  open()
  await turn()
  expect(reasons(miner)).toEqual(['given up'])
  expect(miner.service.stats(undefined).connections.validators).toBe(0)
})

test('who proves itself once more on one connection has not come twice', async () => {
  const miner = serving()
  const states: string[] = []
  miner.observers.on('connection', ({ state }) => states.push(state))
  const peer = await miner.authenticated()
  expect(await peer.handshake()).toMatchObject({ accepted: true })
  peer.link.close(0, 'done')
  expect(states).toEqual(['authenticated', 'closed'])
  expect(miner.log.at('info').map(({ message }) => message)).toEqual([
    'validator connected',
    'validator disconnected',
  ])
})
