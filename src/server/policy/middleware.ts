import type { Call } from '../../contract/call.js'

/**
 * Goes on to the next middleware, and at last to the handler; what the middleware adds to the call goes with it.
 * Resolves to the answer, or to the stream's iterable; to `{}` for a handler that answers nothing. Rejects, and nothing
 * goes on, when nobody waits for the answer any more: with the reason of `call.signal`.
 */
export type Next<Adds extends object = NothingAdded> = (
  ...adds: NothingAdded extends Adds ? [adds?: Adds] : [adds: Adds]
) => Promise<object>

/** What a middleware's hooks are told of the miner. */
export interface RunningMiner {
  /** The names of what it answers. */
  readonly synapses: readonly string[]
}

// biome-ignore lint/complexity/noBannedTypes: an intersection with it changes nothing, which is what is meant
export type NothingAdded = {}

/**
 * Runs around each call, in the order of `use`. It may look at the call, refuse it (`throw refuse('why')`: the peer is
 * told `request processing failed`, the log why), answer it without `next`, or return something else than `next`
 * gave; one that returns nothing does not compile. The request is validated after the last middleware: a call that is
 * refused costs no validation.
 *
 * `Adds` is what it gives `next` for all that come after it, the handler included; `Needs` is what one before it must
 * have added: `use` in another order does not compile.
 *
 * @example
 * const timed: Middleware<{ startedAt: bigint }> = (call, next) => next({ startedAt: process.hrtime.bigint() })
 */
export interface Middleware<Adds extends object = NothingAdded, Needs extends object = NothingAdded> {
  (call: Call & Needs, next: Next<Adds>): Promise<object>
  /** What the log and `stats()` call it. A named function has a name already. */
  readonly name: string
  /** Those that its options name. One that the miner does not answer stops `listen`: it is misspelt. */
  synapses?(): Iterable<string>
  /** Before the miner binds its port. What it throws stops `listen`. */
  onStart?(miner: RunningMiner): void | Promise<void>
  /** After the last call, with what `onStart` was given: several miners may have one plugin. */
  onStop?(miner: RunningMiner): void | Promise<void>
  /** What it counts, for `miner.stats()`: numbers, or records of them. */
  stats?(): object
}

// biome-ignore lint/suspicious/noExplicitAny: any middleware at all, whatever it adds and needs
export type AnyMiddleware = Middleware<any, any>
