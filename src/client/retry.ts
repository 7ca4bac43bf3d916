import { systemClock } from '../clock.js'
import type { PlainOptions, SynapseDefinition } from '../contract/definition.js'
import { LevinError, type LevinErrorCode } from '../errors.js'
import { checkKeys, integer, isList, MAX_TIMER_MS } from '../options.js'
import type { QueryMiddleware } from './middleware.js'

/** Definitions of which a request may run twice. */
export type IdempotentOptions = PlainOptions & { readonly idempotent: true }

/** When `retry` asks again, and how often. */
export interface RetryOptions {
  /** How often a miner is asked at most, the first time included. Default 2. */
  readonly attempts?: number
  /** Milliseconds before the second time; twice as many before each that follows. Default 100. */
  readonly delayMs?: number
  /** What is worth another try. Default `CONNECTION_LOST` and `CANNOT_CONNECT`. */
  readonly on?: readonly LevinErrorCode[]
}

/**
 * Middleware that asks a miner again. Only for synapses whose definition says `idempotent: true`: what was asked before
 * may have run. The caller's signal ends it, and so does the call's deadline.
 *
 * @example
 * validator.use(retry([Forecast], { attempts: 3 }))
 * @throws LevinError CONFIG for a definition that is not idempotent, or an option out of range
 */
export function retry(
  synapses: readonly SynapseDefinition<IdempotentOptions>[],
  options: RetryOptions = {},
): QueryMiddleware {
  checkKeys('retry', options, ['attempts', 'delayMs', 'on'])
  if (!isList(synapses)) throw new LevinError('CONFIG', 'retry: the first argument is a list of synapses')
  for (const { name, options: given } of synapses) {
    if (given.idempotent === true) continue
    throw new LevinError('CONFIG', `retry: the definition of synapse '${name}' does not say idempotent: true`)
  }
  const attempts = integer('retry', 'attempts', options.attempts ?? 2, 2, 100)
  const delayMs = integer('retry', 'delayMs', options.delayMs ?? 100, 0, MAX_TIMER_MS)
  const codes = new Set<LevinErrorCode>(options.on ?? ['CONNECTION_LOST', 'CANNOT_CONNECT'])
  const names = new Set(synapses.map(({ name }) => name))

  return async function retry({ synapse, signal, remainingMs }, next) {
    for (let attempt = 1; ; attempt++) {
      try {
        return await next()
      } catch (error) {
        const isWorthIt = names.has(synapse.name) && codes.has(LevinError.from(error).code)
        const ms = Math.min(delayMs * 2 ** (attempt - 1), MAX_TIMER_MS)
        if (!isWorthIt || attempt === attempts || signal?.aborted || ms >= remainingMs()) throw error
        await wait(ms, signal)
        if (signal?.aborted) throw error
      }
    }
  }
}

/** Until the time is over, or the signal comes. */
function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      cancel()
      signal?.removeEventListener('abort', over)
      resolve()
    }
    const cancel = systemClock.after(ms, over)
    signal?.addEventListener('abort', over)
  })
}
