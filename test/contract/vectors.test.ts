import { expect, test } from 'vitest'
import { bytesToFloats, floatsToBytes, IsBytes, synapse } from '../../src/index.js'
import { newValidator, startMiner } from '../support/subnet.js'

test('numbers keep their bits, little-endian, wherever the bytes lie', () => {
  const floats = new Float32Array([1, -0.5, Number.NaN, Number.POSITIVE_INFINITY, 3.4e38])
  const bytes = floatsToBytes(floats)
  expect([...bytes.subarray(0, 8)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xbf])
  const message = Buffer.concat([Buffer.from([7]), bytes])
  expect(bytesToFloats(message.subarray(1))).toEqual(floats)
  expect(bytesToFloats(new Uint8Array())).toEqual(new Float32Array())
})

test('a part of a larger vector', () => {
  const part = new Float32Array([1, 2, 3, 4]).subarray(1, 3)
  expect(bytesToFloats(floatsToBytes(part))).toEqual(new Float32Array([2, 3]))
})

test.each([1, 3, 5])('%d bytes are no vector', (count) => {
  expect(() => bytesToFloats(new Uint8Array(count))).toThrow(`${count} bytes`)
})

test('there and back over the wire', async () => {
  class Vector {
    @IsBytes({ max: 4096 }) values!: Uint8Array
  }
  const Double = synapse('Double', { request: Vector, response: Vector })
  const { miner, axon } = await startMiner({
    with: (each) =>
      each.synapse(Double, ({ values }) => ({
        values: floatsToBytes(bytesToFloats(values).map((x) => 2 * x)),
      })),
  })
  expect(miner.hotkey).toBe(axon.hotkey)
  const values = floatsToBytes(new Float32Array([1.5, -2]))
  const { data } = await newValidator().query(axon, Double, { values })
  expect(bytesToFloats(data.values)).toEqual(new Float32Array([3, -4]))
})
