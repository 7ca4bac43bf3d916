/** What `listen({ http })` takes. Apart from the server itself, which is loaded only when it is asked for. */
import { LevinError } from '../../errors.js'
import { checkKeys, integer } from '../../options.js'
import { checkListenAddress } from '../../transport/listen-address.js'

const MIB = 1024 * 1024

/** What callers by HTTP may cost. */
export interface HttpLimits {
  /**
   * Bytes of one request's body. Default 4 MiB: an image or two in base64, and a tenth of a second of parsing at worst, for
   * which everybody else waits. From 1 KiB to `maxFrameBytes`.
   */
  readonly bodyBytes: number
  /**
   * Bytes of bodies, in all, that are kept of callers who have not proved who they are: `btauth` signs the body, so that it
   * has to be there before. What comes from an address where somebody proved himself within the hour does not count.
   * Default 16 MiB; from `bodyBytes`.
   */
  readonly unprovedBytes: number
  /**
   * TCP connections, in all. When there are more, the oldest makes room on which nobody has proved who he is. Default 1,024:
   * some 20 MB, and five dendrites that ask 200 things at once.
   */
  readonly connections: number
  /** Of these, of one address. Default 256: a dendrite opens one for each request that is under way. */
  readonly connectionsPerAddress: number
}

/**
 * The HTTP doors. Plain HTTP encrypts nothing: who is on the way reads requests and answers, and can change answers. The
 * signature of `btauth` covers the whole request. That of `bittensor10` covers of the body no more than the fields that the
 * definition's `hashFields` name, and without them nothing. Neither tells the caller that it was this miner that answered.
 */
export interface HttpOptions {
  /** IP address of this machine. Default: the one that QUIC listens on. */
  readonly host?: string
  /** TCP port; 0 for any that is free. Default: the number of the UDP port, so that the address on the chain serves both. */
  readonly port?: number
  /** Answers dendrites of `bittensor` up to 10. Default true. */
  readonly bittensor10?: boolean
  /** Answers requests that are signed as `bittensor` 11 does, by `btauth/1`. Default true. */
  readonly btauth?: boolean
  /**
   * PEM of a certificate and its key: HTTPS, and no plain HTTP. For callers that were told of it: a reverse proxy, browsers,
   * clients of your own. The chain has no place for it, so that neither dendrites nor Levin's validators ask by HTTPS; for
   * what is encrypted, and proves who the miner is, validators have QUIC. Default: plain HTTP.
   */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array }
  readonly limits?: Partial<HttpLimits>
}

/** Checked, with every default filled in. */
export interface HttpSettings {
  /** Undefined for those of QUIC. */
  readonly host: string | undefined
  readonly port: number | undefined
  readonly bittensor10: boolean
  readonly btauth: boolean
  readonly tls: HttpOptions['tls']
  readonly limits: HttpLimits
}

const WHERE = 'listen: http'
const KEYS: readonly (keyof HttpOptions)[] = ['host', 'port', 'bittensor10', 'btauth', 'tls', 'limits']
const LIMITS: readonly (keyof HttpLimits)[] = [
  'bodyBytes',
  'unprovedBytes',
  'connections',
  'connectionsPerAddress',
]
const MOST_CONNECTIONS = 65_536

/**
 * @param maxFrameBytes the miner's
 * @throws LevinError CONFIG naming the option and what it may be
 */
export function checkHttpOptions(given: true | HttpOptions, maxFrameBytes: number): HttpSettings {
  const options = given === true ? {} : given
  checkKeys(WHERE, options, KEYS)
  const { host, port, tls } = options
  checkListenAddress({ host: host ?? '0.0.0.0', port: port ?? 0 })
  const bittensor10 = boolean('bittensor10', options.bittensor10)
  const btauth = boolean('btauth', options.btauth)
  if (!bittensor10 && !btauth) {
    throw new LevinError('CONFIG', `${WHERE}: both doors are closed: leave http out, or open one`)
  }
  if (tls !== undefined && !(isPem(tls?.cert) && isPem(tls?.key))) {
    throw new LevinError('CONFIG', `${WHERE}: tls is { cert, key }, each the text or the bytes of a PEM file`)
  }
  const limits = checkLimits(options.limits ?? {}, maxFrameBytes)
  return { host, port, bittensor10, btauth, tls, limits }
}

function checkLimits(given: Partial<HttpLimits>, maxFrameBytes: number): HttpLimits {
  const where = `${WHERE}: limits`
  checkKeys(where, given, LIMITS)
  const number = (name: keyof HttpLimits, fallback: number, least: number, most: number) =>
    integer(where, name, given[name] ?? fallback, least, most)
  const bodyBytes = number('bodyBytes', Math.min(4 * MIB, maxFrameBytes), 1024, maxFrameBytes)
  return {
    bodyBytes,
    unprovedBytes: number('unprovedBytes', Math.max(16 * MIB, bodyBytes), bodyBytes, Number.MAX_SAFE_INTEGER),
    connections: number('connections', 1024, 1, MOST_CONNECTIONS),
    connectionsPerAddress: number('connectionsPerAddress', 256, 1, MOST_CONNECTIONS),
  }
}

function boolean(name: string, value: boolean | undefined): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? true
  throw new LevinError('CONFIG', `${WHERE}: ${name} is ${String(value)}; it is true or false`)
}

const isPem = (value: unknown): boolean => typeof value === 'string' || value instanceof Uint8Array
