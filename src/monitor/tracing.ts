import type { Attributes, Context, Span } from '@opentelemetry/api'
import type { Axon } from '../client/axon.js'
import type { OutgoingQuery, QueryNext } from '../client/middleware.js'
import type { Answer } from '../client/query.js'
import type { Validator } from '../client/validator.js'
import { type Clock, systemClock } from '../clock.js'
import type { Call } from '../contract/call.js'
import { LevinError } from '../errors.js'
import { checkKeys } from '../options.js'
import type { Miner } from '../server/miner.js'
import type { Next } from '../server/policy/middleware.js'
import type { Address } from '../transport/link.js'
import { loadOpenTelemetry, type OpenTelemetry } from './load-opentelemetry.js'

/** A miner, whatever its middleware adds to calls. */
export type TracedMiner = Pick<Miner, 'state' | 'on'> & {
  /** As the miner's own. */
  use(middleware: never): unknown
}

/** A validator, as far as it is traced. */
export type TracedValidator = Pick<Validator, 'on' | 'use'>

/** How far a trace goes. */
export interface TracingOptions {
  /**
   * Of a validator: to which miners the trace goes on. A miner that is told can see which of its requests belong together,
   * also across hotkeys, and whether they are recorded. Default: to all that are Levin.
   */
  readonly propagate?: (axon: Axon) => boolean
}

/**
 * Spans of calls and handshakes, through the package `@opentelemetry/api`: they go where the OpenTelemetry SDK of the
 * process sends them, and nowhere without one. Before `listen`, or the first call, and before other middleware, which it is
 * then around.
 *
 * The trace of a validator goes on at a miner when both are Levin. All others are sent what they are sent without it.
 * @example
 * await tracing(miner)
 * @throws LevinError CONFIG without the package, and when it came too late
 */
export async function tracing(
  watched: TracedMiner | TracedValidator,
  options: TracingOptions = {},
  /** For tests: another clock than the machine's. */
  clock: Clock = systemClock,
): Promise<void> {
  checkKeys('tracing', options, ['propagate'])
  const tracing = new Tracing(await loadOpenTelemetry(), options, clock)
  if ('state' in watched) tracing.miner(watched)
  else tracing.validator(watched)
}

class Tracing {
  readonly #api: OpenTelemetry
  readonly #propagate: (axon: Axon) => boolean
  readonly #clock: Clock

  constructor(api: OpenTelemetry, { propagate = () => true }: TracingOptions, clock: Clock) {
    this.#api = api
    this.#propagate = propagate
    this.#clock = clock
  }

  miner(miner: TracedMiner): void {
    const { ROOT_CONTEXT, SpanKind, trace } = this.#api
    const spans = new Map<string, Span>()
    const traced = (call: Call, next: Next): Promise<object> => {
      const parent = this.#parentOf(call)
      const attributes = { ...described(call.synapse, call.caller), ...peer('client', call.remote) }
      const span = this.#tracer().startSpan(call.synapse, { kind: SpanKind.SERVER, attributes }, parent)
      spans.set(call.id, span)
      call.onDone(() => {
        spans.delete(call.id)
        span.end()
      })
      const inside = trace.setSpan(parent, span)
      return this.#api.context.with(inside, () => next()).then((answer) => this.#within(inside, answer))
    }
    miner.use(traced as never)
    miner.on('call', ({ id, outcome, error }) => {
      const span = spans.get(id)
      span?.setAttribute('levin.outcome', outcome)
      // A call that was refused, or given up by its caller, is no fault of ours.
      if (outcome === 'failed' || outcome === 'timedOut') this.#fail(span, error)
    })
    miner.on('handshake', ({ accepted, reason, hotkey, remote, durationMs }) => {
      if (reason?.startsWith('too many')) return // a flood is told of by metrics
      const span = this.#since(durationMs, 'handshake', SpanKind.SERVER, ROOT_CONTEXT)
      span.setAttributes({ ...peer('client', remote), 'levin.outcome': accepted ? 'accepted' : 'refused' })
      if (accepted) span.setAttribute('levin.hotkey', hotkey)
      else span.setAttribute('levin.reason', reason ?? '')
      span.end()
    })
  }

  validator(validator: TracedValidator): void {
    const { SpanKind } = this.#api
    validator.use((query, next) => this.#asked(query, next))
    // Told while the call that dialled waits, so that its span is the parent.
    validator.on('connection', ({ state, host, port, hotkey, error, durationMs }) => {
      if (durationMs === undefined) return
      const span = this.#since(durationMs, 'connect', SpanKind.CLIENT, this.#api.context.active())
      span.setAttributes({ ...peer('server', { host, port }), 'levin.outcome': state })
      if (hotkey !== undefined) span.setAttribute('levin.hotkey', hotkey)
      if (error !== undefined) this.#fail(span, error)
      span.end()
    })
  }

  async #asked({ axon, synapse }: OutgoingQuery, next: QueryNext): Promise<Answer<unknown>> {
    const { context, SpanKind, trace } = this.#api
    const attributes = { ...described(synapse.name, axon.hotkey), ...peer('server', axon) }
    const span = this.#tracer().startSpan(synapse.name, { kind: SpanKind.CLIENT, attributes })
    const inside = trace.setSpan(context.active(), span)
    const traceparent = this.#propagate(axon) ? this.#traceparent(span) : undefined
    try {
      const answer = await context.with(inside, () => next({ traceparent }))
      if (synapse.options.stream === undefined) span.end()
      else return { ...answer, data: this.#until(answer.data as AsyncIterable<unknown>, span) }
      return answer
    } catch (error) {
      this.#fail(span, error)
      span.end()
      throw error
    }
  }

  #tracer() {
    return this.#api.trace.getTracer('levin') // not kept: the SDK may be registered later
  }

  #parentOf({ traceparent }: Call): Context {
    const { ROOT_CONTEXT, trace } = this.#api
    if (traceparent === undefined) return ROOT_CONTEXT
    const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
    const parent = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
    return this.#api.isSpanContextValid(parent) ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT
  }

  /** @returns undefined when there is no SDK, and with it no trace */
  #traceparent(span: Span): string | undefined {
    const context = span.spanContext()
    if (!this.#api.isSpanContextValid(context)) return undefined
    const flags = context.traceFlags.toString(16).padStart(2, '0')
    return `00-${context.traceId}-${context.spanId}-${flags}`
  }

  /** A span that ends now. */
  #since(durationMs: number, name: string, kind: number, parent: Context): Span {
    const startTime = this.#clock.unixMs() - durationMs
    return this.#tracer().startSpan(name, { kind, startTime }, parent)
  }

  #fail(span: Span | undefined, error: unknown): void {
    const { code, message } = LevinError.from(error)
    span?.setStatus({ code: this.#api.SpanStatusCode.ERROR, message })
    span?.setAttribute('error.type', code)
  }

  /** A generator runs when it is asked for more: that belongs to the span, too. */
  #within(inside: Context, answer: object): object {
    if (!(Symbol.asyncIterator in answer)) return answer
    const items = answer as AsyncIterable<unknown>
    return {
      [Symbol.asyncIterator]: () => {
        const chunks = items[Symbol.asyncIterator]()
        return {
          next: () => this.#api.context.with(inside, () => chunks.next()),
          return: async () => (await chunks.return?.()) ?? { done: true, value: undefined },
        }
      },
    }
  }

  /** Ends the span when the stream is over, or its reader has enough. */
  async *#until(chunks: AsyncIterable<unknown>, span: Span): AsyncGenerator<unknown> {
    try {
      yield* chunks
    } catch (error) {
      this.#fail(span, error)
      throw error
    } finally {
      span.end()
    }
  }
}

const described = (synapse: string, hotkey: string): Attributes => ({
  'rpc.system.name': 'levin',
  'rpc.method': synapse,
  'levin.hotkey': hotkey,
})

const peer = (side: 'client' | 'server', { host, port }: Address): Attributes => ({
  [`${side}.address`]: host,
  [`${side}.port`]: port,
})
