/** What peers can do to a log: nothing but be counted in it. `npm test` builds what runs. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { certificateFingerprint } from '../../src/auth/fingerprint.js'
import { acceptHandshake, createHandshakeRequest } from '../../src/auth/handshake.js'
import { consoleLogger, LevinError, synapse } from '../../src/index.js'
import {
  encodeHandshakeRequest,
  encodeHandshakeResponse,
  encodeStreamEnd,
  encodeSynapsePacket,
  encodeSynapseResponse,
  type HandshakeRequest,
} from '../../src/wire/messages.js'
import { Frames, until } from '../support/frames.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'
import { type Client, dial, serve } from '../support/quic-pair.js'
import { newValidator } from '../support/subnet.js'

const FORGED = '{"level":60,"name":"levin","msg":"forged"}'
/** A line of the peer's own, orders to a terminal in one and in two characters, text that runs backwards. */
const EVIL = `\r\n${FORGED}\n\x1b[2J\u009b31m\u0085\u2028\u202e\u2066`
const EVIL_64K = EVIL + 'x'.repeat(65_536)
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u
const LONGEST_LINE = 24 * 1024

const miners: ChildProcess[] = []
afterAll(() => {
  for (const child of miners) child.kill('SIGKILL')
})

/** Sends a frame on a stream of its own. @returns when the answer is there */
async function asked(client: Client, frame: Uint8Array): Promise<Frames> {
  const frames = new Frames()
  frames.stream = await client.open(frames)
  frames.stream.end(frame)
  await frames.done
  return frames
}

async function handshake(client: Client, fields: Partial<HandshakeRequest> = {}): Promise<Frames> {
  const request = await createHandshakeRequest({
    signer: validatorSigner,
    fingerprint: certificateFingerprint(client.link.peerCertificate!),
    nonce: crypto.getRandomValues(new Uint8Array(16)),
    now: Date.now(),
  })
  return asked(client, encodeHandshakeRequest({ ...request, ...fields }))
}

const packet = (synapseType: string, data: object): Uint8Array =>
  encodeSynapsePacket({ synapseType, data, timestamp: 0 })

/** What a rogue does, one after the other, as fast as it goes. */
async function rogue(port: number): Promise<void> {
  const stranger = await dial(port)
  for (const validatorHotkey of [EVIL, EVIL + 'x'.repeat(2000)])
    await handshake(stranger, { validatorHotkey })
  stranger.link.close(0, EVIL)
  const client = await dial(port)
  await handshake(client)
  const each = async (count: number, frame: (i: number) => Uint8Array): Promise<void> => {
    for (let i = 0; i < count; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, k) => asked(client, frame(i + k))))
    }
  }
  await each(50, () => packet('fail', { text: EVIL_64K }))
  await each(2000, (i) => packet('fail', { text: `${EVIL}${i}` }))
  await each(500, (i) => packet(`${EVIL}${i}`, {}))
  await each(50, () => packet(EVIL_64K, {}))
  await each(500, (i) => packet('strict', { text: 'good', [`${EVIL}${i}`]: EVIL }))
  await each(50, () => packet('strict', { [EVIL_64K]: EVIL }))
  await each(500, () => Buffer.concat([Buffer.from([3, 0, 0, 0, 4]), Buffer.from('evil')]))
  client.link.close(0, EVIL)
  await client.closed
}

test.each(['pino', 'console'])(
  'a rogue validator neither forges nor floods what a miner writes: %s',
  async (kind) => {
    const script = fileURLToPath(new URL('../support/logging-miner.mjs', import.meta.url))
    const child = spawn(process.execPath, [script, kind])
    miners.push(child)
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
    const began = performance.now()
    await rogue(Number((await lines.next()).value))
    await until(() => /a call failed: \d+ more within a second/.test(stderr))
    child.kill('SIGTERM')
    const stats = JSON.parse((await lines.next()).value)
    await once(child, 'close')
    const seconds = Math.ceil((performance.now() - began) / 1000) + 1

    const written = stderr.split('\n')
    expect(written.pop()).toBe('')
    const kinds = new Map<string, number>()
    for (const line of written) {
      expect(line).not.toMatch(UNPRINTABLE)
      expect(line.length).toBeLessThan(LONGEST_LINE)
      const message =
        kind === 'pino' ? (JSON.parse(line).msg as string) : /^\S+Z [a-z]+ ([^{]*)/.exec(line)![1]!
      expect(message).not.toContain('forged')
      kinds.set(message, (kinds.get(message) ?? 0) + 1)
    }
    for (const [message, count] of kinds) expect(count, message).toBeLessThanOrEqual(10 * seconds)
    expect(written.length).toBeLessThan(60 * seconds)
    expect(stats.calls.fail.failed).toBe(2050)
    expect(Object.keys(stats.calls)).toEqual(['fail', 'strict'])
    expect(stats.unrecognized).toBe(550)
    expect(JSON.stringify(stats).length).toBeLessThan(4096)
  },
)

test('a rogue miner forges nothing in the errors, events and lines of a validator', async () => {
  const evilError = (isStream: boolean): Uint8Array =>
    isStream
      ? encodeStreamEnd({ success: false, error: EVIL_64K })
      : encodeSynapseResponse({ success: false, data: { id: EVIL }, timestamp: 0, error: EVIL_64K })
  const miner = await serve(async (stream, link) => {
    const frames = new Frames()
    frames.stream = stream
    stream.events = frames
    const request = await frames.next()
    if (request.type === 'HandshakeRequest') {
      const fingerprint = certificateFingerprint(miner.certificate)
      const response = await acceptHandshake({
        signer: minerSigner,
        request: request as unknown as HandshakeRequest,
        fingerprint,
        now: Date.now(),
      })
      stream.end(
        encodeHandshakeResponse(answersAs === '' ? response : { ...response, minerHotkey: answersAs }),
      )
    } else if (request.synapseType === 'close') link.close(0, EVIL_64K.slice(0, 900))
    else stream.end(evilError(request.synapseType === 'stream'))
  })
  let answersAs = ''
  const events: unknown[] = []
  const validator = newValidator({ logger: consoleLogger('debug'), reconnect: { firstMs: 10, mostMs: 10 } })
  validator.on('call', (event) => events.push(event))
  validator.on('connection', (event) => events.push(event))
  const axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port: miner.port }
  const failure = async (name: string): Promise<LevinError> => {
    try {
      if (name === 'stream')
        for await (const _ of validator.stream(axon, synapse(name, { stream: true }), {}));
      else await validator.query(axon, synapse(name, {}), {})
    } catch (error) {
      return LevinError.from(error)
    }
    throw new Error('it was answered')
  }
  const errors = [await failure('plain'), await failure('stream'), await failure('close')]
  answersAs = EVIL_64K.slice(0, 2048) // a longer answer is refused from its header
  errors.push(await failure('plain'))
  await miner.endpoint.close('done')

  expect(errors.map(({ code }) => code)).toEqual([
    'PEER_ERROR',
    'PEER_ERROR',
    'CONNECTION_LOST',
    'WRONG_PEER',
  ])
  const texts = [...errors, ...events.map((event) => (event as { error?: LevinError }).error)].flatMap(
    (error) => (error === undefined ? [] : [error.message, error.peerMessage ?? '']),
  )
  expect(texts.length).toBeGreaterThan(12)
  for (const text of texts) {
    expect(text).not.toMatch(UNPRINTABLE)
    expect(text.length).toBeLessThan(4096)
  }
  expect(errors[0]!.message).toContain('forged')
  expect(errors[0]!.callId).toBeUndefined()
})
