import { callbackSigner, type Signer } from '../auth/signer.js'
import { decodeHotkey } from '../auth/ss58.js'
import { inTime, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import { checkKeys, milliseconds } from '../options.js'
import { SignerConnection, type Unasked } from './connection.js'
import { type Answer, checkSocketPath } from './protocol.js'

/** A miner signs 30 handshakes a minute and address; more than this at once wait for a signer that does not answer. */
const MAX_WAITING = 1024
/** A signature takes 0.1 ms; within a handshake's 10 s there must be time left for the network. */
const DEFAULT_TIMEOUT_MS = 3_000

/** Which key of the other process signs, and how long that may take. */
export interface SocketSignerOptions {
  /** Which hotkey, of a signer that holds several. Default: the only one. */
  readonly hotkey?: string | undefined
  /** How long one signature may take, with the time to connect. Default: 3,000. */
  readonly timeoutMs?: number | undefined
}

/**
 * A signer in another process, `levin-signer`, which holds the key and signs nothing but handshakes. A connection that
 * ends is made anew by the next signature; each signature is verified before it is used.
 * @param path of its Unix socket
 * @throws LevinError `CONFIG` when it does not answer now, or does not hold the hotkey; `sign` rejects with `CONFIG` while
 *   the signer is away or refuses, and with `LIMIT` when 1,024 signatures wait already
 * @example
 * const miner = new Miner({ signer: await socketSigner('/run/levin/signer.sock'), access })
 */
export async function socketSigner(path: string, options: SocketSignerOptions = {}): Promise<Signer> {
  checkKeys('socketSigner', options, ['hotkey', 'timeoutMs'])
  const timeoutMs = milliseconds('socketSigner', 'timeoutMs', options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  checkSocketPath('socketSigner', path)
  if (options.hotkey !== undefined) decodeHotkey(options.hotkey)
  const ask = askerOf(path, timeoutMs)
  const answer = await ask({ ask: 'hotkeys' })
  const hotkey = chosen(path, 'hotkeys' in answer ? answer.hotkeys : [], options.hotkey)
  return callbackSigner(hotkey, async (message) => {
    const answer = await ask({ ask: 'sign', hotkey, message })
    if ('signature' in answer) return answer.signature
    const reason = 'refused' in answer ? answer.refused : 'it answered with something else'
    throw new LevinError('CONFIG', `the signer at ${path} did not sign: ${reason}`)
  })
}

function askerOf(path: string, timeoutMs: number): (question: Unasked) => Promise<Answer> {
  let connection: SignerConnection | undefined
  return async (question) => {
    if (connection === undefined || connection.hasEnded) connection = new SignerConnection(path)
    if (connection.waiting >= MAX_WAITING) {
      throw new LevinError('LIMIT', `${MAX_WAITING} signatures wait for the signer at ${path} already`)
    }
    const asked = connection
    const late = () =>
      new LevinError(
        'CONFIG',
        `the signer at ${path} did not answer within ${timeoutMs} ms; is levin-signer overloaded or stopped?`,
      )
    try {
      return await inTime(systemClock, timeoutMs, asked.ask(question), late)
    } catch (error) {
      asked.end(`it did not answer within ${timeoutMs} ms`) // one that is stuck is not asked again
      throw error
    }
  }
}

function chosen(path: string, held: readonly string[], wanted: string | undefined): string {
  if (wanted !== undefined && held.includes(wanted)) return wanted
  if (wanted === undefined && held.length === 1) return held[0]!
  const holds = held.length === 0 ? 'no hotkey' : held.join(', ')
  throw new LevinError(
    'CONFIG',
    wanted === undefined
      ? `the signer at ${path} holds ${holds}: say which with the option hotkey`
      : `the signer at ${path} does not hold ${wanted}: it holds ${holds}`,
  )
}
