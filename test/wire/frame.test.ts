import { describe, expect, test, vi } from 'vitest'
import { LevinError } from '../../src/errors.js'
import {
  DEFAULT_MAX_FRAME_PAYLOAD,
  FrameDecoder,
  MAX_MAX_FRAME_PAYLOAD,
  MIN_MAX_FRAME_PAYLOAD,
} from '../../src/wire/frame.js'
import type { MessageType } from '../../src/wire/message-type.js'
import { seed, seeded } from './seeded.js'
import { answers, hex, requests } from './vectors.js'

interface Frame {
  type: MessageType
  payload: Uint8Array
}

function collecting(maxPayload?: number) {
  const frames: Frame[] = []
  const decoder = new FrameDecoder({ onFrame: (type, payload) => frames.push({ type, payload }) }, maxPayload)
  return { decoder, frames }
}

function framesOf(chunks: Uint8Array[]): string[] {
  const { decoder, frames } = collecting()
  for (const chunk of chunks) decoder.push(chunk)
  decoder.end()
  return frames.map(({ type, payload }) => `${type}:${Buffer.from(payload).toString('hex')}`)
}

function header(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = type
  bytes.writeUInt32BE(length, 1)
  return bytes
}

const protocol = expect.objectContaining({ name: 'LevinError', code: 'PROTOCOL' })

describe('chunk boundaries', () => {
  const stream = Buffer.concat([
    hex('0500000000'),
    ...answers.slice(-2).map(({ bytes }) => bytes),
    hex('0600000000'),
  ])
  const whole = framesOf([stream])

  test('several frames in one chunk, empty ones among them', () => expect(whole).toHaveLength(7))

  test('every split in two, and every split in three, give the same frames', () => {
    for (let i = 0; i <= stream.length; i++) {
      for (let j = i; j <= stream.length; j++) {
        expect(framesOf([stream.subarray(0, i), stream.subarray(i, j), stream.subarray(j)])).toEqual(whole)
      }
    }
  })

  test('byte by byte', () => {
    for (const { bytes } of [...requests, ...answers]) {
      expect(framesOf([...bytes].map((byte) => Buffer.from([byte])))).toEqual(framesOf([bytes]))
    }
  })
})

describe('memory', () => {
  test('a payload within one chunk is a copy, since the chunk will be written over', () => {
    const { decoder, frames } = collecting()
    const chunk = hex('05 00000002 0102')
    decoder.push(chunk)
    chunk[5] = 9
    expect([...frames[0]!.payload]).toEqual([1, 2])
  })

  test('a payload in several chunks keeps none of them', () => {
    const { decoder, frames } = collecting()
    const chunk = hex('05 00000002 01')
    decoder.push(chunk)
    chunk[5] = 9
    decoder.push(hex('02'))
    expect([...frames[0]!.payload]).toEqual([1, 2])
  })

  test.each([1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 5_000_000])('%i bytes in pieces', (size) => {
    const { decoder, frames } = collecting()
    const payload = seeded(seed).bytes(1000)
    const bytes = Buffer.alloc(size, payload)
    decoder.push(header(5, size))
    for (let at = 0; at < size; at += 60_000) decoder.push(bytes.subarray(at, at + 60_000))
    expect(frames).toHaveLength(1)
    expect(bytes.equals(frames[0]!.payload)).toBe(true)
  })

  test('a large length is not allocated until the bytes come', () => {
    const before = process.memoryUsage().arrayBuffers
    const decoders = Array.from({ length: 50 }, () => collecting(MAX_MAX_FRAME_PAYLOAD).decoder)
    for (const decoder of decoders) decoder.push(Buffer.concat([header(5, MAX_MAX_FRAME_PAYLOAD), hex('01')]))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60 * 1024 * 1024)
  })
})

describe('limits', () => {
  test('an unknown type is refused from the header', () => {
    for (const type of [0, 7, 0xff]) {
      expect(() => collecting().decoder.push(header(type, 0))).toThrow(protocol)
    }
  })

  test('a length is refused from the header: the limit is taken, one more is not', () => {
    for (const limit of [MIN_MAX_FRAME_PAYLOAD, DEFAULT_MAX_FRAME_PAYLOAD]) {
      collecting(limit).decoder.push(header(3, limit))
      expect(() => collecting(limit).decoder.push(header(3, limit + 1))).toThrow(protocol)
    }
    expect(() => collecting().decoder.push(header(3, DEFAULT_MAX_FRAME_PAYLOAD + 1))).toThrow(protocol)
  })

  test('the limit itself is from 1 MiB to 2^32-1', () => {
    for (const limit of [MIN_MAX_FRAME_PAYLOAD - 1, MAX_MAX_FRAME_PAYLOAD + 1, Number.NaN, 2 ** 20 + 0.5]) {
      expect(() => collecting(limit)).toThrow(expect.objectContaining({ code: 'CONFIG' }))
    }
  })

  test('the owner sees the header before the payload, and may refuse it', () => {
    const onFrame = vi.fn()
    const onHeader = vi.fn((type: number, length: number) => {
      throw new LevinError('PROTOCOL', `no ${type} of ${length}`)
    })
    const decoder = new FrameDecoder({ onHeader, onFrame })
    decoder.push(hex('03 000000'))
    expect(onHeader).not.toHaveBeenCalled()
    expect(() => decoder.push(hex('02'))).toThrow('no 3 of 2')
    decoder.push(hex('0102 03 00000000'))
    decoder.end()
    expect(onHeader).toHaveBeenCalledTimes(1)
    expect(onFrame).not.toHaveBeenCalled()
  })
})

describe('the end of a stream', () => {
  test('between frames is fine, within one it is an error', () => {
    const stream = hex('05 00000002 0102')
    for (let i = 0; i <= stream.length; i++) {
      const { decoder } = collecting()
      decoder.push(stream.subarray(0, i))
      if (i === 0 || i === stream.length) decoder.end()
      else expect(() => decoder.end()).toThrow(protocol)
    }
  })
})
