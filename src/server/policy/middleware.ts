import type { Call } from '../../contract/call.js'

/** Goes on to the next middleware, and at last to the handler. Resolves to the answer, or to the stream's iterable. */
export type Next = () => Promise<unknown>

/**
 * Runs around each call, in the order of `use`. It may look at the call, refuse it by throwing (the peer is told
 * `request processing failed`), answer it without `next`, or return something else than `next` gave. The request is
 * validated after the last middleware: a call that is refused costs no validation.
 */
export type Middleware = (call: Call, next: Next) => Promise<unknown>
