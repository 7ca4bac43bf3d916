import { describe, expect, test } from 'vitest'
import { LevinError } from '../../src/errors.js'
import { FrameDecoder } from '../../src/wire/frame.js'
import { MessageType } from '../../src/wire/message-type.js'
import * as messages from '../../src/wire/messages.js'
import { encodeValue } from '../../src/wire/msgpack.js'
import { EncodedMap } from '../../src/wire/value.js'
import { seed, seeded } from './seeded.js'
import { answers, hex, pythonClient, requests, rustClient } from './vectors.js'

const decoders = {
  [MessageType.HandshakeRequest]: messages.decodeHandshakeRequest,
  [MessageType.HandshakeResponse]: messages.decodeHandshakeResponse,
  [MessageType.SynapsePacket]: messages.decodeSynapsePacket,
  [MessageType.SynapseResponse]: messages.decodeSynapseResponse,
  [MessageType.StreamChunk]: messages.decodeStreamChunk,
  [MessageType.StreamEnd]: messages.decodeStreamEnd,
}

/** Decodes every frame of a captured stream and writes each again from what was read. */
function reencoded(stream: Uint8Array, verbatim: boolean): Buffer {
  const written: Buffer[] = []
  const onFrame = (type: MessageType, payload: Uint8Array): void => {
    switch (type) {
      case MessageType.HandshakeRequest:
        written.push(messages.encodeHandshakeRequest(messages.decodeHandshakeRequest(payload)))
        break
      case MessageType.HandshakeResponse:
        written.push(messages.encodeHandshakeResponse(messages.decodeHandshakeResponse(payload)))
        break
      case MessageType.SynapsePacket: {
        const message = messages.decodeSynapsePacket(payload)
        const data = verbatim ? message.encodedData : message.data
        written.push(messages.encodeSynapsePacket({ ...message, data }))
        break
      }
      case MessageType.SynapseResponse: {
        const message = messages.decodeSynapseResponse(payload)
        const data = verbatim ? message.encodedData : message.data
        written.push(messages.encodeSynapseResponse({ ...message, data }))
        break
      }
      case MessageType.StreamChunk:
        written.push(messages.encodeStreamChunk(messages.decodeStreamChunk(payload)))
        break
      case MessageType.StreamEnd:
        written.push(messages.encodeStreamEnd(messages.decodeStreamEnd(payload)))
    }
  }
  const decoder = new FrameDecoder({ onFrame })
  decoder.push(stream)
  decoder.end()
  return Buffer.concat(written)
}

const arrayForm = (bytes: Buffer) => bytes[5] !== 0xc1 && (bytes[5]! & 0xf0) !== 0x80

describe('captured from btlightning 0.2.15', () => {
  test.each([...requests, ...answers].filter(({ bytes }) => arrayForm(bytes)))(
    '$name, byte for byte',
    ({ bytes }) => {
      expect(reencoded(bytes, true).toString('hex')).toBe(bytes.toString('hex'))
      expect(reencoded(bytes, false).toString('hex')).toBe(bytes.toString('hex'))
    },
  )

  test('a malformed handshake and a malformed synapse', () => {
    const malformed = requests.filter(({ bytes }) => bytes[5] === 0xc1)
    expect(malformed).toHaveLength(2)
    for (const { bytes } of malformed) {
      expect(() => reencoded(bytes, true)).toThrow(expect.objectContaining({ code: 'PROTOCOL' }))
    }
  })

  test('a request as a map reads as the one that came as an array', () => {
    const [array, map] = ['to rust server: echo', 'to rust server: echo, request as a map'].map(
      (wanted) => requests.find(({ name }) => name === wanted)!.bytes,
    )
    expect(messages.decodeSynapsePacket(map!.subarray(5))).toEqual(
      messages.decodeSynapsePacket(array!.subarray(5)),
    )
  })

  test('what the clients put in', () => {
    const packets = [...rustClient.frames, ...pythonClient.frames].map(({ hex }) => Buffer.from(hex, 'hex'))
    const data = packets
      .filter((bytes) => bytes[0] === MessageType.SynapsePacket)
      .map((bytes) => messages.decodeSynapsePacket(bytes.subarray(5)).data)
    expect(data[0]).toEqual({
      big: 2n ** 64n - 1n,
      text: 'żółw',
      map: { k: { k2: -(2n ** 63n) } },
      list: [1, 'a'],
      nil: null,
      int: -7,
      f: 1.5,
      bin: Buffer.from([0, 255, 7]),
      yes: true,
    })
  })
})

describe('sizes that the protocol states', () => {
  test.each([
    [1024, 1052],
    [256, 284],
  ])('a payload of %i bytes makes an echo request of %i', (size, frame) => {
    const data = { payload: Buffer.alloc(size) }
    expect(
      messages.encodeSynapsePacket({ synapseType: 'echo', data, timestamp: 1_795_252_076 }),
    ).toHaveLength(frame)
  })
})

describe('the map form', () => {
  const read = (decode: (payload: Uint8Array) => unknown, fields: object) => decode(encodeValue(fields))
  const response = { success: true, data: { a: 1 }, timestamp: 5 }
  const handshake = { miner_hotkey: 'm', timestamp: 5, signature: 's', accepted: true, connection_id: 'c' }

  test('optional fields may be missing, unknown ones are skipped, any order will do', () => {
    expect(read(messages.decodeSynapseResponse, response)).toMatchObject({ success: true, error: null })
    expect(read(messages.decodeHandshakeResponse, handshake)).toMatchObject({
      minerHotkey: 'm',
      certFingerprint: null,
    })
    expect(read(messages.decodeStreamEnd, { extra: [{ x: 1 }], error: 'e', success: false })).toEqual({
      success: false,
      error: 'e',
    })
    expect(
      messages.decodeStreamEnd(
        encodeValue(
          new Map<unknown, unknown>([
            [0, 1],
            ['success', true],
          ]),
        ),
      ),
    ).toEqual({ success: true, error: null })
  })

  test.each(Object.keys(response))('%s must be there', (field) => {
    expect(() => read(messages.decodeSynapseResponse, { ...response, [field]: undefined })).toThrow(
      expect.objectContaining({ code: 'PROTOCOL', message: expect.stringContaining(`${field} is missing`) }),
    )
  })

  test('a field twice is refused', () => {
    expect(() => messages.decodeStreamChunk(hex('82 a464617461 c400 a464617461 c400'))).toThrow(/twice/)
  })
})

describe('the array form', () => {
  test('only the fingerprint may be missing', () => {
    const fields = ['m', 5, 's', true, 'c']
    expect(messages.decodeHandshakeResponse(encodeValue(fields)).certFingerprint).toBeNull()
    for (const [decode, wrong] of [
      [messages.decodeHandshakeResponse, fields.slice(0, 4)],
      [messages.decodeHandshakeResponse, [...fields, null, null]],
      [messages.decodeSynapseResponse, [true, {}, 5]],
      [messages.decodeStreamEnd, [true]],
      [messages.decodeSynapsePacket, []],
    ] as const) {
      expect(() => decode(encodeValue(wrong))).toThrow(expect.objectContaining({ code: 'PROTOCOL' }))
    }
  })

  test.each([
    ['the type', [1, {}, 5]],
    ['the data', ['echo', [], 5]],
    ['a key of the data', ['echo', new Map([[1, 1]]), 5]],
    ['a negative timestamp', ['echo', {}, -1]],
    ['a fractional timestamp', ['echo', {}, 1.5]],
    ['the timestamp', ['echo', {}, '5']],
  ])('%s must be of its type', (_, fields) => {
    expect(() => messages.decodeSynapsePacket(encodeValue(fields))).toThrow(
      expect.objectContaining({ code: 'PROTOCOL' }),
    )
  })

  test('the data may be 64 levels deep, with 65 the message is refused', () => {
    const packet = (levels: number) =>
      Buffer.concat([hex('93 a165'), Buffer.from('81a161'.repeat(levels - 1), 'hex'), hex('80 05')])
    messages.decodeSynapsePacket(packet(64))
    expect(() => messages.decodeSynapsePacket(packet(65))).toThrow(/64 containers/)
  })

  test('a u64 timestamp is absurd, and harmless', () => {
    const { timestamp } = messages.decodeSynapsePacket(encodeValue(['echo', {}, 2n ** 64n - 1n]))
    expect(timestamp).toBe(Number.MAX_SAFE_INTEGER)
  })
})

describe('outgoing data', () => {
  const encode = (data: object) => messages.encodeSynapsePacket({ synapseType: 'x', data, timestamp: 5 })
  const back = (data: object) => messages.decodeSynapsePacket(encode(data).subarray(5)).data

  test('an instance, a Map of fields, or the bytes of a map', () => {
    class Query {
      city = 'Oslo'
    }
    const expected = { city: 'Oslo' }
    expect(back(new Query())).toEqual(expected)
    expect(back(new Map([['city', 'Oslo']]))).toEqual(expected)
    expect(back(new EncodedMap(encodeValue(expected)))).toEqual(expected)
  })

  test.each([[[]], [new Map([[1, 1]])], [Buffer.alloc(2)], [new Date()], [new EncodedMap(hex('c0'))]])(
    '%o is refused',
    (data) => {
      expect(() => encode(data)).toThrow(
        expect.objectContaining({ code: 'INVALID_REQUEST', message: expect.stringMatching(/^data: /) }),
      )
    },
  )
})

test('100,000 mutated messages: a message or a LevinError, nothing else', () => {
  console.info(`LEVIN_SEED=${seed}`)
  const random = seeded(seed)
  const captured = [...requests, ...answers].map(({ bytes }) => bytes)
  for (let i = 0; i < 100_000; i++) {
    const bytes = Buffer.from(random.pick(captured))
    for (let n = random.int(4); n >= 0; n--) bytes[random.int(bytes.length)] = random.int(256)
    const decode = decoders[(1 + random.int(6)) as MessageType]
    try {
      decode(bytes.subarray(5, random.int(5) === 0 ? 5 + random.int(bytes.length) : undefined))
    } catch (error) {
      if (!(error instanceof LevinError && error.code === 'PROTOCOL')) {
        throw new Error(`seed ${seed}, ${bytes.toString('hex')}`, { cause: error })
      }
    }
  }
}, 60_000)

describe('memory of large frames', () => {
  const large = (fill: number) =>
    messages.encodeSynapsePacket({
      synapseType: 'x',
      data: { bytes: Buffer.alloc(200_000, fill) },
      timestamp: 1,
    })

  test('serves the next one when it was given back, and not before', () => {
    const [first, second] = [large(1), large(2)]
    expect(second.buffer).not.toBe(first.buffer)
    messages.recycle(first)
    messages.recycle(first)
    const third = large(3)
    expect(third.buffer).toBe(first.buffer)
    expect(large(4).buffer).not.toBe(first.buffer)
    expect(second.subarray(-1000, -100).every((byte) => byte === 2)).toBe(true)
    expect(third.subarray(-1000, -100).every((byte) => byte === 3)).toBe(true)
  })

  test('a message that could not be written changes nothing about those before it', () => {
    const frame = (fill: number) =>
      messages.encodeSynapsePacket({
        synapseType: 'x',
        data: { bytes: Buffer.alloc(1000, fill) },
        timestamp: 1,
      })
    const frames = Array.from({ length: 64 }, (_, i) => frame(i))
    const failing = { filling: Buffer.alloc(9000), wrong: () => {} }
    for (let n = 0; n < 10; n++) {
      expect(() => messages.encodeSynapsePacket({ synapseType: 'x', data: failing, timestamp: 1 })).toThrow()
      messages.recycle(frames.at(-1)!)
      frames.push(frame(frames.length))
    }
    frames.forEach((bytes, i) => {
      if (i < 63 || i === frames.length - 1) {
        expect(bytes.subarray(-900, -100).every((byte) => byte === i)).toBe(true)
      }
    })
  })

  test('of frames that share a block, nothing is written over when one of them is given back', () => {
    const frame = (fill: number) =>
      messages.encodeSynapsePacket({
        synapseType: 'x',
        data: { bytes: Buffer.alloc(30_000, fill) },
        timestamp: 1,
      })
    const frames = Array.from({ length: 10 }, (_, i) => frame(i))
    messages.recycle(frames[0]!)
    const later = [large(200), frame(201)]
    expect(later).toHaveLength(2)
    frames.slice(1).forEach((bytes, i) => {
      expect(bytes.subarray(-1000, -100).every((byte) => byte === i + 1)).toBe(true)
    })
  })
})
