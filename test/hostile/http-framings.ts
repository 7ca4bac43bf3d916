/**
 * Messages of which two readers might not agree where they end, or what they say. Each is signed as it should be, and what
 * stands within or behind it is another such request: whoever takes the one for something else runs what he should not.
 */
import { Buffer } from 'node:buffer'
import { type Header, head, inOrder, lineOf, type RawRequest } from './http-requests.js'

const HOST: Header = ['Host', '127.0.0.1']
const CHUNKED: Header = ['Transfer-Encoding', 'chunked']
const END = '0\r\n\r\n'

/** @param first and what comes behind it */
type Framing = (first: RawRequest, behind: Buffer, name: string) => Buffer

/** Headers besides those of the request, and what comes after the empty line. */
const framed =
  (
    headers: (body: Buffer, behind: Buffer) => readonly Header[],
    rest: (body: Buffer, behind: Buffer) => Buffer,
  ): Framing =>
  (first, behind, name) =>
    Buffer.concat([
      head(lineOf(name), [HOST, ...first.headers, ...headers(first.body, behind)]),
      rest(first.body, behind),
    ])

const chunk = (body: Buffer, size = body.length.toString(16)): Buffer =>
  Buffer.concat([Buffer.from(`${size}\r\n`), body, Buffer.from('\r\n')])
const chunks = (body: Buffer, behind: Buffer): Buffer =>
  Buffer.concat([chunk(body), Buffer.from(END), behind])
const plain = (body: Buffer, behind: Buffer): Buffer => Buffer.concat([body, behind])

/** A length as it is written, of a body as it is. */
const length = (write: (size: number) => string): Framing =>
  framed((body) => [['Content-Length', write(body.length)]], plain)

/** A way to say `chunked`, before a body that is. */
const encoding = (...headers: readonly Header[]): Framing => framed(() => headers, chunks)

/** Chunks of a body that are written in another way. */
const chunkedAs = (write: (body: Buffer, behind: Buffer) => readonly (Buffer | string)[]): Framing =>
  framed(
    () => [CHUNKED],
    (body, behind) => Buffer.concat(write(body, behind).map((part) => Buffer.from(part as string))),
  )

/** Any other first line, or other bytes in the head. */
const edited =
  (edit: (text: string, name: string) => string): Framing =>
  (first, behind, name) => {
    const text = inOrder(name, first).toString('latin1')
    const end = text.indexOf('\r\n\r\n')
    return Buffer.concat([Buffer.from(edit(text.slice(0, end), name) + text.slice(end), 'latin1'), behind])
  }

/** A header more, or another line among them. */
const line = (text: string): Framing => edited((before) => `${before}\r\n${text}`)

/** Each header of the signature once more, with what another one would say. */
const twice =
  (pattern: RegExp, value: (value: string) => string): Framing =>
  (first, behind, name) => {
    const again = first.headers.filter(([header]) => pattern.test(header))
    const headers = [...first.headers, ...again.map(([header, old]): Header => [header, value(old)])]
    return Buffer.concat([inOrder(name, { headers, body: first.body }), behind])
  }

/** Of each, neither it may be run nor what is behind. */
export const FRAMINGS: Readonly<Record<string, Framing>> = {
  'a length and chunks': framed((body) => [CHUNKED, ['Content-Length', String(body.length)]], chunks),
  'chunks and a length that covers all': framed(
    (body, behind) => [['Content-Length', String(chunks(body, behind).length)], CHUNKED],
    chunks,
  ),
  'no chunk at all, and a length': framed(
    (_, behind) => [['Content-Length', String(END.length + behind.length)], CHUNKED],
    (_, behind) => Buffer.concat([Buffer.from(END), behind]),
  ),
  'two lengths': framed(
    (body, behind) => [
      ['Content-Length', String(body.length)],
      ['Content-Length', String(body.length + behind.length)],
    ],
    plain,
  ),
  'a length twice': framed(
    (body) => [
      ['Content-Length', String(body.length)],
      ['Content-Length', String(body.length)],
    ],
    plain,
  ),
  'two lengths in one': length((size) => `${size}, ${size}`),
  'a length with a sign': length((size) => `+${size}`),
  'a negative length': length((size) => `-${size}`),
  'a length in hex': length((size) => `0x${size.toString(16)}`),
  'a length with a point': length((size) => `${size}.0`),
  'a length with a space': length((size) => `${size} ${size}`),
  'a length of 2^64 and this': length((size) => String(2n ** 64n + BigInt(size))),
  'an empty length': length(() => ''),
  'chunked twice': encoding(CHUNKED, CHUNKED),
  'chunked, then identity': encoding(CHUNKED, ['Transfer-Encoding', 'identity']),
  'identity, then chunked': encoding(['Transfer-Encoding', 'identity, chunked']),
  'chunked, then gzip': encoding(['Transfer-Encoding', 'chunked, gzip']),
  'gzip, then chunked': encoding(['Transfer-Encoding', 'gzip, chunked']),
  'almost chunked': encoding(['Transfer-Encoding', 'xchunked']),
  'chunked in quotes': encoding(['Transfer-Encoding', '"chunked"']),
  'chunked behind a vertical tab': encoding(['Transfer-Encoding', '\x0bchunked']),
  'chunked with a space before the colon': encoding(['Transfer-Encoding ', 'chunked']),
  'chunked in HTTP/1.0': (first, behind, name) =>
    Buffer.concat([
      head(`POST /${name} HTTP/1.0`, [HOST, ...first.headers, CHUNKED]),
      chunks(first.body, behind),
    ]),
  'chunks with a sign': chunkedAs((body, behind) => [
    chunk(body, `+${body.length.toString(16)}`),
    END,
    behind,
  ]),
  'chunks with 0x': chunkedAs((body, behind) => [chunk(body, `0x${body.length.toString(16)}`), END, behind]),
  'chunks of 2^64 and this': chunkedAs((body, behind) => [
    chunk(body, (2n ** 64n + BigInt(body.length)).toString(16)),
    END,
    behind,
  ]),
  'a chunk that is longer than it says': chunkedAs((body, behind) => [
    `${(body.length - 1).toString(16)}\r\n`,
    body,
    '\r\n',
    END,
    behind,
  ]),
  'a chunk without its end': chunkedAs((body, behind) => [
    `${body.length.toString(16)}\r\n`,
    body,
    END,
    behind,
  ]),
  'a chunk with an extension of 64 KiB': chunkedAs((body, behind) => [
    chunk(body, `${body.length.toString(16)};${'a'.repeat(65_536)}`),
    END,
    behind,
  ]),
  'trailers that are signed': (first, behind, name) => {
    const signature = first.headers.filter(([header]) => /signature/i.test(header))
    const others = first.headers.filter(([header]) => !/signature/i.test(header))
    const trailers = signature.map(([header, value]) => `${header}: ${value}\r\n`).join('')
    return Buffer.concat([
      head(lineOf(name), [HOST, ...others, CHUNKED, ['Trailer', signature.map(([header]) => header).join()]]),
      chunk(first.body),
      Buffer.from(`0\r\n${trailers}\r\n`),
      behind,
    ])
  },
  'a line that goes on in the next': line('X-Long: a\r\n Transfer-Encoding: chunked'),
  'a name with a space in it': line('X Long: a'),
  'a name with a NUL in it': line('X\0Long: a'),
  'a value with a NUL in it': line('X-Long: a\0b'),
  'a line without a colon': line('Transfer-Encoding chunked'),
  'a lone carriage return': line('X-Long: a\rTransfer-Encoding: chunked'),
  'a first header that is indented': edited((text) => text.replace('\r\nHost', '\r\n Host')),
  'no host': edited((text) => text.replace(/\r\nHost: [^\r]*/, '')),
  'HTTP/0.9': edited((text) => text.replace('HTTP/1.1', 'HTTP/0.9')),
  'HTTP/2.0': edited((text) => text.replace('HTTP/1.1', 'HTTP/2.0')),
  'no version': edited((text) => text.replace(' HTTP/1.1', '')),
  'a tab in the first line': edited((text) => text.replace('POST ', 'POST\t')),
  'a method in lower case': edited((text) => text.replace('POST', 'post')),
  'a method that is longer': edited((text) => text.replace('POST', 'POSTX')),
  CONNECT: edited((text, name) => text.replace(`POST /${name}`, 'CONNECT 127.0.0.1:22')),
  'GET with a body': edited((text) => text.replace('POST', 'GET')),
  'a path with a NUL': edited((text, name) => text.replace(`/${name}`, `/${name}\0`)),
  'an upgrade': line('Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__'),
}

/** Of each it is clear where it ends: it is not run, and what is behind may be. */
export const FAULTY: Readonly<Record<string, Framing>> = {
  'the signature twice': twice(/signature/i, (value) => value),
  'two signatures': twice(/signature/i, () => `0x${'1'.repeat(128)}`),
  'two hotkeys': twice(/hotkey/i, () => '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY'),
  'two nonces': twice(/nonce/i, () => '1'),
  'a whole address as the target': edited((text, name) =>
    text.replace(`/${name}`, `http://127.0.0.1/${name}`),
  ),
  'a longer path': edited((text, name) => text.replace(`/${name}`, `/x/../${name}`)),
  'an expectation that nobody has': line('Expect: the-unexpected'),
}
