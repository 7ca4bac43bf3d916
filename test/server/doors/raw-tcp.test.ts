/** What is no request that these doors take, byte by byte: node:http does some of it, and this says that it does. */
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { type HttpOptions, type MinerOptions, synapse } from '../../../src/index.js'
import { HttpMiner, type Sent } from './http-miner.js'

const Free = synapse('Free', {})

/** @returns also what the handler was given */
async function opened(http: HttpOptions = {}, options: Partial<MinerOptions> = {}) {
  const miner = new HttpMiner(options)
  const asked: object[] = []
  miner.miner.synapse(Free, (data) => {
    asked.push(data)
    return {}
  })
  return { miner: await miner.listen(http), asked }
}

/** All that comes until the other end closes. */
function all(socket: Socket): Promise<string> {
  let received = ''
  socket.on('data', (chunk) => (received += chunk))
  return new Promise((resolve) => socket.on('close', () => resolve(received)))
}

/** @returns all that came, once the miner closed the connection */
async function talk(miner: HttpMiner, bytes: string): Promise<string> {
  const socket = await miner.connect()
  socket.on('error', () => {}) // it may be reset while the rest is sent
  const received = all(socket)
  socket.write(bytes, 'latin1')
  return received
}

const lines = ({ path, headers, body }: Sent, more: string[] = [], method = 'POST'): string =>
  [
    `${method} ${path} HTTP/1.1`,
    'Host: miner',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...more,
    '',
    body,
  ].join('\r\n')

const length = ({ body }: Sent): string => `Content-Length: ${body.length}`
const statuses = (received: string): string[] => received.match(/(?<=^|\n|\})HTTP\/1\.1 \d+/g) ?? []

describe.each(['dendrite', 'btauth'] as const)('%s', (door) => {
  const signed = (miner: HttpMiner): Promise<Sent> =>
    door === 'btauth' ? miner.btauth('Free', { a: 1 }) : miner.dendrite(Free, { a: 1 })

  test('a request that is well, to compare', async () => {
    const { miner, asked } = await opened()
    const sent = await signed(miner)
    const received = await talk(miner, lines(sent, [length(sent), 'Connection: close']))
    expect(statuses(received)).toEqual(['HTTP/1.1 200'])
    expect(asked).toEqual([{ a: 1 }])
  })

  test.each<[string, (sent: Sent) => string]>([
    ['a length and chunks', (sent) => lines(sent, [length(sent), 'Transfer-Encoding: chunked'])],
    [
      'chunks',
      (sent) =>
        lines({ ...sent, body: `${sent.body.length.toString(16)}\r\n${sent.body}\r\n0\r\n\r\n` }, [
          'Transfer-Encoding: chunked',
        ]),
    ],
    ['chunks in another case', (sent) => lines(sent, [length(sent), 'Transfer-Encoding: xchunked'])],
    ['chunks behind a folded line', (sent) => lines(sent, [length(sent), 'Transfer-Encoding:\r\n chunked'])],
    [
      'chunks with a space before the colon',
      (sent) => lines(sent, [length(sent), 'Transfer-Encoding : chunked']),
    ],
    ['two lengths', (sent) => lines(sent, [length(sent), 'Content-Length: 0'])],
    ['two equal lengths', (sent) => lines(sent, [length(sent), length(sent)])],
    ['two lengths in one', (sent) => lines(sent, [`${length(sent)}, ${sent.body.length}`])],
    ['a length with a sign', (sent) => lines(sent, [`Content-Length: +${sent.body.length}`])],
    ['a length in hex', (sent) => lines(sent, [`Content-Length: 0x${sent.body.length.toString(16)}`])],
    ['a length below zero', (sent) => lines(sent, ['Content-Length: -1'])],
    ['a length beyond all numbers', (sent) => lines(sent, [`Content-Length: ${'9'.repeat(40)}`])],
    ['a length beyond the limit', (sent) => lines(sent, ['Content-Length: 1073741824'])],
    ['lines that end with LF', (sent) => lines(sent, [length(sent)]).replaceAll('\r\n', '\n')],
    ['a NUL in a header', (sent) => lines(sent, [length(sent), 'A: b\0c'])],
    ['a header without a name', (sent) => lines(sent, [length(sent), ': b'])],
    ['another method', (sent) => lines(sent, [length(sent)], 'PUT')],
    ['GET with a body', (sent) => lines(sent, [length(sent)], 'GET')],
    ['CONNECT', (sent) => lines({ ...sent, path: '127.0.0.1:80' }, [length(sent)], 'CONNECT')],
    ['an upgrade', (sent) => lines(sent, [length(sent), 'Connection: Upgrade', 'Upgrade: h2c'])],
    ['HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['chunks of which one is gzip', (sent) => lines(sent, ['Transfer-Encoding: gzip, chunked'])],
    [
      'chunks behind identity',
      (sent) =>
        lines({ ...sent, body: `${sent.body.length.toString(16)}\r\n${sent.body}\r\n0\r\n\r\n` }, [
          'Transfer-Encoding: identity, chunked',
        ]),
    ],
    ['HTTP/2.0', (sent) => lines(sent, [length(sent)]).replace('HTTP/1.1', 'HTTP/2.0')],
    ['HTTP/0.9', (sent) => lines(sent, [length(sent)]).replace('HTTP/1.1', 'HTTP/0.9')],
    ['another version', (sent) => lines(sent, [length(sent)]).replace('HTTP/1.1', 'HTTP/1.7')],
    ['no host', (sent) => lines(sent, [length(sent)]).replace('Host: miner\r\n', '')],
    ['a body that is packed', (sent) => lines(sent, [length(sent), 'Content-Encoding: gzip'])],
    ['headers of more than 16 KiB', (sent) => lines(sent, [length(sent), `A: ${'b'.repeat(16 * 1024)}`])],
    ['TLS', () => '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['no HTTP', () => 'hello\r\n\r\n'],
  ])('%s: refused, the connection closed, and nobody asked, nor by what is behind', async (_, raw) => {
    const { miner, asked } = await opened()
    const behind = await signed(miner)
    const received = await talk(miner, raw(await signed(miner)) + lines(behind, [length(behind)]))
    for (const status of statuses(received)) expect(status).toMatch(/^HTTP\/1\.1 4\d\d$/)
    expect(statuses(received).length).toBeLessThanOrEqual(1)
    expect(asked).toEqual([])
  })

  test('a second request in the body of the first is not one', async () => {
    const { miner, asked } = await opened()
    const [outer, inner] = [await signed(miner), await signed(miner)]
    const smuggled = lines(inner, [length(inner)])
    const body = `${outer.body}${smuggled}`
    // the length says where the first one ends: what comes behind is a request of its own, before the answer
    const received = await talk(miner, lines({ ...outer, body }, [length(outer)]))
    expect(asked.length).toBeLessThanOrEqual(1)
    expect(statuses(received).at(-1)).toMatch(/4\d\d$/)
  })

  test('requests that do not wait for the answer before are refused, however many', async () => {
    const { miner, asked } = await opened()
    const sent = await Promise.all(Array.from({ length: 50 }, () => signed(miner)))
    const received = await talk(miner, sent.map((each) => lines(each, [length(each)])).join(''))
    expect(asked).toHaveLength(1)
    expect(statuses(received)).toEqual(['HTTP/1.1 200', expect.stringMatching(/4\d\d$/)])
  })

  test('a body is sent when it is asked for', async () => {
    const { miner, asked } = await opened()
    const sent = await signed(miner)
    const socket = await miner.connect()
    const received = all(socket)
    const begun = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
    socket.write(lines({ ...sent, body: '' }, [length(sent), 'Expect: 100-continue', 'Connection: close']))
    expect(await begun).toMatch(/^HTTP\/1\.1 100 Continue/)
    socket.write(sent.body)
    expect(statuses(await received)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 200'])
    expect(asked).toEqual([{ a: 1 }])
  })

  test('a body that is too large is not asked for', async () => {
    const { miner } = await opened({ limits: { bodyBytes: 1024 } })
    const sent = await signed(miner)
    const received = await talk(
      miner,
      lines({ ...sent, body: '' }, ['Content-Length: 1025', 'Expect: 100-continue']),
    )
    expect(statuses(received)).toEqual(['HTTP/1.1 413'])
  })

  test('headers, and bodies, that do not come in time', { timeout: 20_000 }, async () => {
    const { miner, asked } = await opened({}, { handshakeTimeoutMs: 100, strangerTimeoutMs: 200 })
    const sent = await signed(miner)
    const half = lines(sent, [length(sent)]).slice(0, -4)
    expect(await Promise.all(['', 'POST /Free', half].map((bytes) => talk(miner, bytes)))).toEqual(
      Array(3).fill(expect.stringMatching(/^HTTP\/1\.1 408|^$/)),
    )
    expect(asked).toEqual([])
  })
})

test('a header beyond those that Node keeps by itself is not lost', async () => {
  const { miner, asked } = await opened()
  const sent = await miner.btauth('Free')
  const many = Array.from({ length: 2500 }, () => 'a:b')
  const received = await talk(
    miner,
    lines(sent, [length(sent), ...many, 'X-Bittensor-Version: 2', 'Connection: close']),
  )
  expect(statuses(received)).toEqual(['HTTP/1.1 401'])
  expect(asked).toEqual([])
})

test('a body of exactly the limit is taken, and not of a byte more', async () => {
  const { miner } = await opened({ limits: { bodyBytes: 1024 } })
  const body = (bytes: number): string => `{"a":"${'x'.repeat(bytes - 8)}"}`
  expect((await miner.asBtauth('Free', body(1024))).status).toBe(200)
  expect((await miner.asBtauth('Free', body(1025))).status).toBe(413)
})
