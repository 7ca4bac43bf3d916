/** Servers that are no miners, or bad ones: every call ends, with a code that says how, and nothing grows. */
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { IsString } from 'class-validator'
import { expect, onTestFinished, test } from 'vitest'
import { type Axon, synapse, type ValidatorOptions } from '../../../src/index.js'
import { minerSigner } from '../../support/hotkeys.js'
import { newValidator } from '../../support/subnet.js'

class Reply {
  @IsString() text!: string
}

const Ask = synapse('Ask', { response: Reply })
const Words = synapse('Words', { stream: Reply })

const MIB = 1024 * 1024

const axonAt = ({ port }: AddressInfo): Axon => ({
  hotkey: minerSigner.hotkey,
  host: '127.0.0.1',
  port,
  door: 'btauth',
})

async function serve(listener: RequestListener): Promise<Axon> {
  const server = createServer({ maxHeaderSize: MIB }, listener)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return axonAt(server.address() as AddressInfo)
}

/** Answers anything with these bytes, and ends. */
async function serveRaw(bytes: string): Promise<Axon> {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.end(bytes))
  })
  onTestFinished(() => void server.close())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return axonAt(server.address() as AddressInfo)
}

const ask = (axon: Axon, options: Partial<ValidatorOptions> = {}) =>
  newValidator({ maxFrameBytes: MIB, timeoutMs: 2_000, ...options }).query(axon, Ask, {})

const code = (code: string) => expect.objectContaining({ name: 'LevinError', code })

test.each<[string, string, RequestListener]>([
  ['a page', 'PROTOCOL', (_request, response) => void response.end('<html>')],
  ['nothing', 'PROTOCOL', (_request, response) => void response.end()],
  ['a list', 'PROTOCOL', (_request, response) => void response.end('[]')],
  ['another class', 'INVALID_ANSWER', (_request, response) => void response.end('{"text":1}')],
  [
    'a redirect, which is not followed',
    'PROTOCOL',
    (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
  ],
  ['204', 'PROTOCOL', (_request, response) => void response.writeHead(204).end()],
  ['404 in HTML', 'PEER_ERROR', (_request, response) => void response.writeHead(404).end('<html>')],
  ['401', 'HANDSHAKE_REFUSED', (_request, response) => void response.writeHead(401).end('{"error":"no"}')],
  ['503', 'CANNOT_CONNECT', (_request, response) => void response.writeHead(503).end()],
  ['a reset', 'CONNECTION_LOST', (request) => void request.socket.resetAndDestroy()],
  [
    'half a body, and a reset',
    'CONNECTION_LOST',
    (_request, response) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{', () => response.socket!.resetAndDestroy())
    },
  ],
  [
    'a length beyond the limit',
    'PROTOCOL',
    (_request, response) => void response.writeHead(200, { 'content-length': MIB + 1 }).write('{'),
  ],
  [
    'gzip',
    'PROTOCOL',
    (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('{}'),
  ],
  [
    '40 KiB of headers',
    'PROTOCOL',
    (_request, response) => void response.writeHead(200, { long: 'x'.repeat(40_960) }).end('{"text":""}'),
  ],
])('%s: %s', async (_name, expected, listener) => {
  const error = await ask(await serve(listener)).catch((thrown) => thrown)
  expect(error).toEqual(code(expected))
})

test.each([200, 500])('a body without an end, with status %i', async (status) => {
  let sent = 0
  const axon = await serve((_request, response) => {
    response.writeHead(status)
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(64 * 1024))) sent += 64 * 1024
    }
    response.on('drain', more)
    more()
  })
  await expect(ask(axon)).rejects.toEqual(code(status === 200 ? 'PROTOCOL' : 'PEER_ERROR'))
  expect(sent).toBeLessThan(64 * MIB)
})

test.each(['', '{"text":"', ' '])(
  'a body that does not go on after %j has the time of the call',
  async (begun) => {
    const axon = await serve((_request, response) => {
      response.writeHead(200)
      response.flushHeaders()
      response.write(begun)
    })
    await expect(ask(axon, { timeoutMs: 100 })).rejects.toEqual(code('TIMED_OUT'))
  },
)

test('no HTTP at all', async () => {
  await expect(ask(await serveRaw('SSH-2.0-x\r\n'))).rejects.toEqual(code('PROTOCOL'))
})

test('two lengths', async () => {
  const axon = await serveRaw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x')
  await expect(ask(axon)).rejects.toEqual(code('PROTOCOL'))
})

test('a connection that is closed after each answer is replaced', async () => {
  const axon = await serve((_request, response) => {
    response.end('{"text":"a"}', () => response.socket?.end())
  })
  const validator = newValidator()
  for (let i = 0; i < 3; i++) {
    expect((await validator.query(axon, Ask, {})).data).toEqual({ text: 'a' })
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  }
})

test('words of a refusal are escaped, and an id that is none is not repeated', async () => {
  const axon = await serve((_request, response) => {
    response.writeHead(500).end(JSON.stringify({ error: 'a\u001b[31m', id: '../../x' }))
  })
  const error = await ask(axon).catch((thrown) => thrown)
  expect(error.peerMessage).not.toContain('\u001b')
  expect(error.callId).toBeUndefined()
})

test('a stream that breaks off, and one whose line has no end', async () => {
  const broken = await serve((_request, response) => {
    response.write('{"text":"a"}\n', () => setImmediate(() => response.socket!.resetAndDestroy()))
  })
  const validator = newValidator({ maxFrameBytes: MIB })
  const [first] = await validator.streamAll([broken], Words, {})
  expect(first).toMatchObject({ ok: false, code: 'CONNECTION_LOST' })
  const endless = await serve((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
    }
    response.on('drain', more)
    more()
  })
  const other = newValidator({ maxFrameBytes: MIB })
  const [second] = await other.streamAll([endless], Words, {})
  expect(second).toMatchObject({ ok: false, code: 'PROTOCOL' })
  const [third] = await other.streamAll([endless], Words, {}, { maxStreamBytes: 1000 })
  expect(third).toMatchObject({ ok: false, code: 'LIMIT' })
})

test('who leaves a stream ends it at the miner', async () => {
  let closed: Promise<void> | undefined
  const axon = await serve((_request, response) => {
    closed = new Promise((resolve) => void response.on('close', resolve))
    response.write('{"text":"a"}\n')
  })
  for await (const { text } of newValidator().stream(axon, Words, {})) {
    expect(text).toBe('a')
    break
  }
  await closed
})
