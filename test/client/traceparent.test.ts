/** What a trace context adds on the wire: nothing for other peers, a fourth field for Levin's miners. */
import { describe, expect, test } from 'vitest'
import { MinerConnection } from '../../src/client/miner-connection.js'
import { checkValidatorOptions } from '../../src/client/options.js'
import { seedSigner, synapse } from '../../src/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { memoryLinks } from '../../src/testing/memory/link.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { createCertificate } from '../../src/transport/certificate.js'
import { decodeSynapsePacket } from '../../src/wire/messages.js'
import { encodeValue } from '../../src/wire/msgpack.js'
import { validatorSigner } from '../support/hotkeys.js'
import { answer } from '../support/scripted-miner.js'

const Echo = synapse('Echo', {})
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
const MIB = 1024 * 1024
const foreign = Buffer.from('a certificate')

/** What a miner with this certificate is sent for one call. */
async function sent(certificate: Uint8Array, options: object, text = 'some text'): Promise<Buffer> {
  const { miner, validator } = memoryLinks(certificate)
  const chunks: Uint8Array[] = []
  miner.events = {
    onStream: (stream) => {
      stream.events = {
        onBytes: (bytes) => chunks.push(Buffer.from(bytes)),
        onEnd: () => stream.end(answer()),
        onReset: () => {},
      }
    },
  }
  const settings = checkValidatorOptions({
    signer: validatorSigner,
    clock: new FakeClock(),
    logger: new RecordingLogger(),
    maxFrameBytes: MIB,
  })
  const axon = { hotkey: seedSigner(new Uint8Array(32).fill(1)).hotkey, host: '127.0.0.1', port: 1 }
  const connection = new MinerConnection(axon, validator, settings, { onClosed: () => {} })
  const limits = {
    timeoutMs: undefined,
    maxStreamBytes: undefined,
    signal: undefined,
    deadlineAtMs: Infinity,
  }
  await connection.ask(Echo, { text }, { ...limits, ...options })
  return Buffer.concat(chunks)
}

const traced = { traceparent }

describe('a call with a trace context', () => {
  test('is byte for byte the call without it, to a miner that is not Levin', async () => {
    expect(await sent(foreign, traced)).toEqual(await sent(foreign, {}))
    // rcgen's, as btlightning has it, is another name in the same kind of certificate
    const other = Buffer.from(createCertificate().der)
    other.write('rcgen', other.indexOf('levin'))
    other.write('rcgen', other.lastIndexOf('levin'))
    expect(await sent(other, traced)).toEqual(await sent(foreign, {}))
  })

  test('has it as one more field, to a miner that is', async () => {
    const frame = await sent(createCertificate().der, traced)
    const plain = await sent(foreign, {})
    expect(frame.length).toBe(plain.length + 57)
    expect(frame.readUInt32BE(1)).toBe(frame.length - 5)
    expect(decodeSynapsePacket(frame.subarray(5))).toEqual({
      ...decodeSynapsePacket(plain.subarray(5)),
      traceparent,
    })
  })

  test('goes without it when the frame would be larger than frames may be', async () => {
    const { der } = createCertificate()
    const empty = (await sent(der, {}, '')).length - 5
    const fits = MIB - empty - 57 - 4 // a str of more than 64 KiB has 4 more bytes for its length
    expect((await sent(der, traced, 'x'.repeat(fits))).length).toBe(MIB + 5)
    expect((await sent(der, traced, 'x'.repeat(fits + 1))).length).toBe(MIB + 5 - 57 + 1)
  })
})

describe('a miner', () => {
  test.each([
    ['another kind of value', 7],
    ['another version', `01${traceparent.slice(2)}`],
    ['capitals', traceparent.toUpperCase()],
    ['more than it is', `${traceparent}0`],
    ['nothing', ''],
  ])('refuses a fourth field with %s', (_, fourth) => {
    const packet = encodeValue(['Echo', {}, 5, fourth])
    expect(() => decodeSynapsePacket(packet)).toThrow(/traceparent/)
  })

  test('takes no fifth', () => {
    expect(() => decodeSynapsePacket(encodeValue(['Echo', {}, 5, traceparent, 1]))).toThrow(/5 fields/)
  })
})
