import { describe, expect, test } from 'vitest'
import { acceptHandshake, refuseHandshake } from '../../src/auth/handshake.js'
import { authenticate } from '../../src/client/handshake.js'
import type { ValidatorOptions } from '../../src/index.js'
import {
  encodeHandshakeResponse,
  type HandshakeRequest,
  type HandshakeResponse,
} from '../../src/wire/messages.js'
import { until } from '../support/frames.js'
import { minerSigner, signerOf, validatorSigner } from '../support/hotkeys.js'
import { answer, chunk, type Script, ScriptedMiner } from '../support/scripted-miner.js'
import { fingerprint } from '../support/served-miner.js'

const code = (code: string) => ({ name: 'LevinError', code })

/** A miner that accepts, but for what is changed. */
function accepting(
  change: Partial<HandshakeResponse> = {},
  signer = minerSigner,
  signed = fingerprint,
): ScriptedMiner {
  const miner: ScriptedMiner = new ScriptedMiner(async (stream, message) => {
    const request = message as unknown as HandshakeRequest
    const response = await acceptHandshake({
      signer,
      request,
      fingerprint: signed,
      now: miner.clock.unixMs(),
    })
    stream.end(encodeHandshakeResponse({ ...response, ...change }))
  })
  return miner
}

const proves = (miner: ScriptedMiner, options: Partial<ValidatorOptions> = {}) =>
  authenticate(miner.validatorLink, new Set([minerSigner.hotkey]), miner.settings(options))

test('the miner that was wanted', async () => {
  const miner = accepting()
  await expect(proves(miner)).resolves.toEqual({ hotkey: minerSigner.hotkey, clockSkewSeconds: 0 })
  expect(miner.requests).toEqual([
    {
      type: 'HandshakeRequest',
      validatorHotkey: validatorSigner.hotkey,
      timestamp: Math.floor(miner.clock.unixMs() / 1000),
      nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
      signature: expect.any(String),
    },
  ])
})

test('each handshake has a nonce of its own', async () => {
  const miner = accepting()
  await proves(miner)
  await proves(miner)
  const [first, second] = miner.requests
  expect(first!.nonce).not.toBe(second!.nonce)
})

describe('somebody else', () => {
  test.each<[string, ScriptedMiner]>([
    ['another hotkey', accepting({}, signerOf(9))],
    ['another hotkey under the wanted name', accepting({ minerHotkey: minerSigner.hotkey }, signerOf(9))],
    ['a fingerprint that is not the connection’s', accepting({}, minerSigner, 'AAAA')],
    [
      'the right fingerprint put in afterwards',
      accepting({ certFingerprint: fingerprint }, minerSigner, 'AAAA'),
    ],
    ['a signature over another time', accepting({ timestamp: 1 })],
    ['a signature of nothing', accepting({ signature: Buffer.alloc(64).toString('base64') })],
  ])('%s', async (_, miner) => {
    await expect(proves(miner)).rejects.toMatchObject(code('WRONG_PEER'))
  })

  test('an answer to another handshake', async () => {
    const recorded: Uint8Array[] = []
    const first = accepting()
    const honest = first.script
    first.script = (stream, request) => {
      const end = stream.end.bind(stream)
      stream.end = (bytes) => {
        recorded.push(bytes!)
        return end(bytes)
      }
      honest(stream, request)
    }
    await proves(first)
    await expect(proves(new ScriptedMiner((stream) => stream.end(recorded[0]!)))).rejects.toMatchObject(
      code('WRONG_PEER'),
    )
  })
})

describe('an answer that is none', () => {
  test.each<[string, ScriptedMiner]>([
    ['no fingerprint', accepting({ certFingerprint: null })],
    ['a signature that is no base64', accepting({ signature: '!' })],
    ['a signature that is too short', accepting({ signature: Buffer.alloc(63).toString('base64') })],
  ])('%s', async (_, miner) => {
    await expect(proves(miner)).rejects.toMatchObject(code('PROTOCOL'))
  })

  test.each<[string, Script]>([
    ['another message', (stream) => stream.end(answer())],
    ['a chunk', (stream) => stream.end(chunk('x'))],
    ['its end without a word', (stream) => stream.end()],
    ['half a header', (stream) => stream.end(Buffer.from([2, 0]))],
    ['half a payload', (stream) => stream.end(Buffer.from([2, 0, 0, 0, 9, 0x96]))],
    ['an unknown type', (stream) => stream.end(Buffer.from([9, 0, 0, 0, 0]))],
    ['a length over the limit', (stream) => stream.end(Buffer.from([2, 0xff, 0xff, 0xff, 0xff]))],
    ['a length that no answer has', (stream) => void stream.write(Buffer.from([2, 0, 0, 0x10, 1]))],
    ['what is no MessagePack', (stream) => stream.end(Buffer.from([2, 0, 0, 0, 1, 0xc1]))],
  ])('%s', async (_, script) => {
    const proof = proves(new ScriptedMiner(script))
    await expect(proof).rejects.toMatchObject(code('PROTOCOL'))
    await expect(proof).rejects.toThrow(minerSigner.hotkey)
  })
})

test('a refusal', async () => {
  const miner = new ScriptedMiner((stream) =>
    stream.end(encodeHandshakeResponse(refuseHandshake(minerSigner.hotkey, miner.clock.unixMs()))),
  )
  await expect(proves(miner)).rejects.toMatchObject(code('HANDSHAKE_REFUSED'))
})

describe('a connection that breaks', () => {
  test('the stream is reset', async () => {
    await expect(proves(new ScriptedMiner((stream) => stream.reset()))).rejects.toMatchObject(
      code('CONNECTION_LOST'),
    )
  })

  test('the link is closed', async () => {
    const miner: ScriptedMiner = new ScriptedMiner(() => miner.link.close(0, 'replaced'))
    const failed = proves(miner)
    await expect(failed).rejects.toMatchObject(code('CONNECTION_LOST'))
    await expect(failed).rejects.toThrow('replaced')
  })

  test('while the signer still signs', async () => {
    const miner = accepting()
    let sign: (() => void) | undefined
    const signer = {
      hotkey: validatorSigner.hotkey,
      sign: async (message: Uint8Array) => {
        await new Promise<void>((resolve) => {
          sign = resolve
        })
        return validatorSigner.sign(message)
      },
    }
    const failed = expect(proves(miner, { signer })).rejects.toMatchObject(code('CONNECTION_LOST'))
    await until(() => sign !== undefined)
    miner.link.close(0, 'server_shutdown')
    sign!()
    await failed
  })
})

test('a peer that allows no stream, or showed no certificate', async () => {
  const miner = accepting()
  miner.validatorLink.maxStreams = 0
  await expect(proves(miner)).rejects.toMatchObject(code('PROTOCOL'))
  const bare = new ScriptedMiner(() => {})
  await expect(authenticate(bare.link, new Set([minerSigner.hotkey]), bare.settings())).rejects.toMatchObject(
    code('PROTOCOL'),
  )
})

test('a signer that fails is ours', async () => {
  const signer = { hotkey: validatorSigner.hotkey, sign: () => new Uint8Array(3) }
  const miner = accepting()
  await expect(proves(miner, { signer })).rejects.toMatchObject(code('CONFIG'))
  expect(miner.streams).toEqual([])
})

test.each([
  [30, 0],
  [31, 1],
  [-31, 1],
])('clocks %d s apart: %d warnings', async (seconds, warnings) => {
  const miner: ScriptedMiner = new ScriptedMiner(async (stream, message) => {
    const request = message as unknown as HandshakeRequest
    const now = miner.clock.unixMs() + seconds * 1000
    stream.end(
      encodeHandshakeResponse(await acceptHandshake({ signer: minerSigner, request, fingerprint, now })),
    )
  })
  await proves(miner)
  expect(miner.log.at('warn')).toHaveLength(warnings)
})
