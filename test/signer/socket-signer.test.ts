/** A signer behind a Unix socket, both ends over real sockets. */
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { certificateFingerprint } from '../../src/auth/fingerprint.js'
import type { Signer } from '../../src/auth/signer.js'
import { verify } from '../../src/auth/sr25519.js'
import { decodeHotkey } from '../../src/auth/ss58.js'
import { requestTranscript } from '../../src/auth/transcript.js'
import { SignerServer } from '../../src/signer/server.js'
import { socketSigner } from '../../src/signer/socket-signer.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { minerSigner, signerOf, validatorSigner } from '../support/hotkeys.js'

let folder: string
let path: string
let logger: RecordingLogger
const open: { close(): unknown }[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-signer-'))
  path = join(folder, 'signer.sock')
  logger = new RecordingLogger()
})

afterEach(async () => {
  for (const each of open.splice(0)) await each.close()
  rmSync(folder, { recursive: true, force: true })
})

async function serve(...signers: Signer[]): Promise<SignerServer> {
  const server = await SignerServer.listen({ path, signers, logger })
  open.push(server)
  return server
}

async function stop(server: SignerServer): Promise<void> {
  open.splice(open.indexOf(server), 1)
  await server.close()
}

/** Somebody who answers at the path in a way of its own. */
async function pretend(onQuestion: (socket: Socket, question: Buffer) => void): Promise<void> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (question) => onQuestion(socket, question))
  }).listen(path)
  await once(server, 'listening')
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  })
}

const handshake = (hotkey: string): Uint8Array =>
  requestTranscript({
    validatorHotkey: hotkey,
    timestamp: Math.floor(Date.now() / 1000),
    nonce: '00'.repeat(16),
    fingerprint: certificateFingerprint(Buffer.from('a certificate')),
  })

const config = (text: string | RegExp) => ({ code: 'CONFIG', message: expect.stringMatching(text) })

test('it signs a handshake for its hotkey', async () => {
  await serve(minerSigner)
  const signer = await socketSigner(path)
  expect(signer.hotkey).toBe(minerSigner.hotkey)
  const message = handshake(signer.hotkey)
  expect(verify(decodeHotkey(signer.hotkey), message, await signer.sign(message))).toBe(true)
})

test('only its owner may ask, or its group when that was wished', async () => {
  const server = await serve(minerSigner)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  await stop(server)
  open.push(await SignerServer.listen({ path, signers: [minerSigner], allowGroup: true, logger }))
  expect(statSync(path).mode & 0o777).toBe(0o660)
})

describe('nothing but a handshake', () => {
  test.each([
    [
      'a transaction',
      Buffer.from(`0500${'8e'.repeat(32)}0700e8764817`, 'hex'),
      'not the text of a handshake',
    ],
    ['another prefix', Buffer.from(`epistula:${Date.now()}`), 'not the text of a handshake'],
    ['a wrapped remark', Buffer.from('<Bytes>hello</Bytes>'), 'not the text of a handshake'],
    ['overlong text', Buffer.alloc(257, 'handshake:'), '257 bytes; a handshake has at most 256'],
    ["another hotkey's handshake", handshake(validatorSigner.hotkey), 'another hotkey'],
  ])('%s is refused, and the log says so', async (_what, message, reason) => {
    await serve(minerSigner)
    const signer = await socketSigner(path)
    await expect(signer.sign(message)).rejects.toMatchObject(config(reason))
    expect(logger.at('warn')).toMatchObject([
      { message: expect.stringContaining(reason), fields: { hotkey: minerSigner.hotkey } },
    ])
    const good = handshake(signer.hotkey)
    expect(await signer.sign(good)).toHaveLength(64)
  })

  test('a line that is too long ends the connection, and no other', async () => {
    await serve(minerSigner)
    const signer = await socketSigner(path)
    await expect(signer.sign(Buffer.alloc(2000))).rejects.toMatchObject(
      config('closed the connection|EPIPE|ECONNRESET'),
    )
    expect(await signer.sign(handshake(signer.hotkey))).toHaveLength(64)
  })

  test.each(['garbage', '{}', '[]', '{"id":"x","ask":"sign"}', '{"id":1,"ask":"export"}'])(
    'a line that is no question ends the connection: %s',
    async (line) => {
      await serve(minerSigner)
      const socket = connect(path)
      socket.write(`${line}\n`)
      let received = ''
      for await (const chunk of socket) received += chunk
      expect(received).toBe('')
    },
  )

  test('refusals are counted, not written one by one', async () => {
    await serve(minerSigner)
    const signer = await socketSigner(path)
    for (let i = 0; i < 100; i++) await expect(signer.sign(Buffer.from('tx'))).rejects.toThrow()
    expect(logger.at('warn')).toHaveLength(1)
  })
})

test('a key that fails is told of once, not for each handshake', async () => {
  const failing = () => {
    throw new Error('HSM away')
  }
  await serve({ hotkey: minerSigner.hotkey, sign: failing })
  const signer = await socketSigner(path)
  for (let i = 0; i < 100; i++) {
    await expect(signer.sign(handshake(signer.hotkey))).rejects.toMatchObject(
      config('the signer failed; its log says more'),
    )
  }
  expect(logger.at('error')).toMatchObject([
    { message: 'a signature failed', fields: { hotkey: minerSigner.hotkey, error: { message: 'HSM away' } } },
  ])
})

test('one for several, each by its name', async () => {
  const others = [3, 4, 5].map(signerOf)
  await serve(minerSigner, ...others)
  await expect(socketSigner(path)).rejects.toMatchObject(config('say which with the option hotkey'))
  await expect(socketSigner(path, { hotkey: validatorSigner.hotkey })).rejects.toMatchObject(
    config('does not hold'),
  )
  const signers = await Promise.all(others.map(({ hotkey }) => socketSigner(path, { hotkey })))
  await Promise.all(
    signers.map(async (signer) => {
      const message = handshake(signer.hotkey)
      expect(verify(decodeHotkey(signer.hotkey), message, await signer.sign(message))).toBe(true)
    }),
  )
})

test('away and back again', async () => {
  const first = await serve(minerSigner)
  const signer = await socketSigner(path)
  await stop(first)
  await expect(signer.sign(handshake(signer.hotkey))).rejects.toMatchObject(
    config(`the signer at ${path} did not sign`),
  )
  await serve(minerSigner)
  expect(await signer.sign(handshake(signer.hotkey))).toHaveLength(64)
})

test('many at once', async () => {
  await serve(minerSigner)
  const signer = await socketSigner(path)
  const message = handshake(signer.hotkey)
  const signatures = await Promise.all(Array.from({ length: 500 }, () => signer.sign(message)))
  expect(signatures).toHaveLength(500)
})

describe('a signer that is wrong', () => {
  const hotkeys = `{"id":1,"hotkeys":["${minerSigner.hotkey}"]}\n`

  test('one that says nothing', async () => {
    await pretend(() => {})
    await expect(socketSigner(path, { timeoutMs: 50 })).rejects.toMatchObject(
      config('did not answer within 50 ms'),
    )
  })

  test.each([
    ['garbage', 'garbage\n', 'what nobody asked'],
    ['an answer to another question', '{"id":7,"signature":""}\n', 'what nobody asked'],
    ['an endless line', 'x'.repeat(100_000), 'a line has more than'],
    ['no hotkeys', '{"id":1,"signature":"AAAA"}\n', 'no hotkey'],
  ])('%s', async (_what, answer, reason) => {
    await pretend((socket) => void socket.write(answer))
    await expect(socketSigner(path)).rejects.toMatchObject(config(reason))
  })

  test("a signature that is not the hotkey's", async () => {
    await pretend((socket, question) => {
      const { id, ask } = JSON.parse(question.toString()) as { id: number; ask: string }
      socket.write(ask === 'hotkeys' ? hotkeys : `{"id":${id},"signature":"${'A'.repeat(86)}=="}\n`)
    })
    const signer = await socketSigner(path)
    await expect(signer.sign(handshake(signer.hotkey))).rejects.toMatchObject(config("not this hotkey's"))
  })

  test('no more than 1,024 wait for one that is stuck', async () => {
    await pretend((socket, question) => {
      if (question.includes('hotkeys')) socket.write(hotkeys)
    })
    const signer = await socketSigner(path, { timeoutMs: 500 })
    const message = handshake(signer.hotkey)
    const settled = await Promise.allSettled(Array.from({ length: 1025 }, () => signer.sign(message)))
    const codes = settled.map((each) => (each.status === 'rejected' ? each.reason.code : 'signed'))
    expect(codes.filter((code) => code === 'CONFIG')).toHaveLength(1024)
    expect(codes.at(-1)).toBe('LIMIT')
  })
})

describe('the path', () => {
  test('nobody there', async () => {
    await expect(socketSigner(path)).rejects.toMatchObject(config('there is no such socket'))
  })

  test('another signer there', async () => {
    await serve(minerSigner)
    await expect(SignerServer.listen({ path, signers: [validatorSigner], logger })).rejects.toMatchObject(
      config('another signer listens'),
    )
    expect((await socketSigner(path)).hotkey).toBe(minerSigner.hotkey)
  })

  test('something else there is left as it is', async () => {
    writeFileSync(path, 'precious')
    await expect(serve(minerSigner)).rejects.toMatchObject(config('is no socket'))
    expect(statSync(path).size).toBe(8)
  })

  test('too long', async () => {
    await expect(socketSigner(`/${'x'.repeat(103)}`)).rejects.toMatchObject(config('1 to 103 bytes'))
  })

  test('a folder in which nobody can listen', async () => {
    path = join(folder, 'no', 'signer.sock')
    await expect(serve(minerSigner)).rejects.toMatchObject(config('cannot listen at .*ENOENT|EACCES'))
  })
})

test('no key, or more than there are neurons', async () => {
  await expect(serve()).rejects.toMatchObject(config('1 to 256 hotkeys, not 0'))
  await expect(serve(...Array.from({ length: 257 }, () => minerSigner))).rejects.toMatchObject(
    config('not 257'),
  )
})
