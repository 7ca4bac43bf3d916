/** Metrics that are read when they are asked for: what Levin counts already is not counted twice. */
import type { Counter, Gauge, Registry } from 'prom-client'
import type { PromClient } from './load-prom-client.js'

type Labels = Readonly<Record<string, string>>

/** Gives the value that a metric has now, once for each combination of labels. */
type Give = (value: number, labels?: Labels) => void

/** Upper bounds in seconds: from a turn of the loop to the protocol's limit for a handler. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export class Families {
  readonly #prom: PromClient
  readonly #registry: Registry

  constructor(prom: PromClient, registry: Registry) {
    this.#prom = prom
    this.#registry = registry
  }

  /** @param read called at each scrape */
  gauge(name: string, help: string, labelNames: readonly string[], read: (give: Give) => void): void {
    const gauge: Gauge = new this.#prom.Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        gauge.reset()
        if (labelNames.length === 0) gauge.remove() // one that has no value now is not told as 0
        read((value, labels = {}) => gauge.set(labels, value))
      },
    })
  }

  /** @param read called at each scrape; gives totals that never fall */
  counter(name: string, help: string, labelNames: readonly string[], read: (give: Give) => void): void {
    const counter: Counter = new this.#prom.Counter({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      collect: () => {
        counter.reset()
        read((value, labels = {}) => counter.inc(labels, value))
      },
    })
  }

  /** @returns what counts one more of them */
  counted(name: string, help: string, labelNames: readonly string[]): (labels: Labels, by?: number) => void {
    const counter = new this.#prom.Counter({ name, help, labelNames, registers: [this.#registry] })
    return (labels, by = 1) => counter.inc(labels, by)
  }

  /** @returns what takes a duration in milliseconds */
  durations(name: string, help: string, labelNames: readonly string[]): (labels: Labels, ms: number) => void {
    const histogram = new this.#prom.Histogram({
      name,
      help,
      labelNames,
      buckets: SECONDS,
      registers: [this.#registry],
    })
    return (labels, ms) => histogram.observe(labels, ms / 1000)
  }
}

/** What `read` gives, asked once however many metrics want it within one scrape. */
export function oncePerScrape<T>(read: () => T): () => T {
  let kept: { readonly value: T } | undefined
  return () => {
    if (kept === undefined) {
      kept = { value: read() }
      queueMicrotask(() => {
        kept = undefined
      })
    }
    return kept.value
  }
}
