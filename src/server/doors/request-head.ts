/** What a request is before anything of its body is read. */
import type { IncomingMessage } from 'node:http'
import type { Failure } from '../../doors/status.js'
import type { Address } from '../../transport/link.js'
import type { RequestHead } from './door.js'

/** Of a synapse's name, in bytes of the path: what `synapse()` takes, percent-encoded. */
const MOST_PATH = 3 * 256 + 1
/** Node takes HTTP/0.9 and 2.0 in the same form, and answers them otherwise. */
const VERSIONS: readonly string[] = ['1.0', '1.1']
const DIGITS = /^\d{1,15}$/

/** What is wrong with a request, whoever sent it. */
export interface HeadFault {
  readonly failure: Failure
  readonly words: string
}

/** Bytes of the body that is announced, or why it is not read. Its length is known, or there is none: nothing is chunked. */
export function bodyLength(
  { headers, headersDistinct, httpVersion, method }: IncomingMessage,
  most: number,
): number | HeadFault {
  if (!VERSIONS.includes(httpVersion)) return fault('malformed', 'this is neither HTTP/1.1 nor HTTP/1.0')
  if (httpVersion === '1.1' && headersDistinct.host?.length !== 1)
    return fault('malformed', 'say once which host is meant')
  if (method !== 'POST') return fault('malformed', 'a synapse is asked with POST')
  if (headers.upgrade !== undefined) return fault('malformed', 'there is nothing to upgrade to')
  if (headers['transfer-encoding'] !== undefined)
    return fault('malformed', 'say how long the body is: Content-Length, and no Transfer-Encoding')
  const { 'content-encoding': encoding = 'identity' } = headers
  if (encoding !== 'identity')
    return fault('malformed', 'the body is taken as it is, without a Content-Encoding')
  const [text = '0', ...others] = headersDistinct['content-length'] ?? []
  if (others.length > 0 || !DIGITS.test(text)) return fault('malformed', 'Content-Length is no number')
  const length = Number(text)
  return length <= most ? length : fault('tooLarge', `the body may have ${most} bytes`)
}

const fault = (failure: Failure, words: string): HeadFault => ({ failure, words })

/** The synapse that a path names: `/Forecast`. Empty when it names none. */
function nameOf(target: string): string {
  const [path = ''] = target.split('?', 1)
  if (!path.startsWith('/') || path.length > MOST_PATH) return ''
  try {
    return decodeURIComponent(path.slice(1))
  } catch {
    return ''
  }
}

export function headOf({ headersDistinct, socket, url = '' }: IncomingMessage): RequestHead {
  const { remoteAddress, remotePort } = socket
  return {
    target: url,
    name: nameOf(url),
    headers: headersDistinct,
    remote: addressOf(remoteAddress, remotePort),
  }
}

/** Of a socket's end; of one that is closed already there is none. */
export const addressOf = (host = '', port = 0): Address => ({ host: plainAddress(host), port })

/** An IPv4 address as itself, also where a socket for both kinds took it. */
const plainAddress = (host: string): string => host.replace(/^::ffff:(?=[\d.]+$)/i, '')
