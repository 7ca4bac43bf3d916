import type { Registry } from 'prom-client'
import { LevinError } from '../errors.js'
import { checkKeys } from '../options.js'
import { Families } from './families.js'
import { loadPromClient } from './load-prom-client.js'
import { minerMetrics } from './miner-metrics.js'
import { isMiner, type Watched } from './subjects.js'
import { validatorMetrics } from './validator-metrics.js'

/** As much of prom-client's `Registry` as is needed here, for who has no prom-client. */
export interface MetricRegistry {
  /** The HTTP header for what `metrics` gives. */
  readonly contentType: string
  /** Everything in Prometheus' text format. */
  metrics(): Promise<string>
}

/** Which registry the metrics are added to. */
export interface MetricsOptions<R extends MetricRegistry = MetricRegistry> {
  /** prom-client's `Registry` that they are added to. Default: a new one. */
  readonly registry?: R
}

/**
 * Metrics of a miner or a validator for Prometheus, through the package `prom-client`: `docs/operating.md` has their names.
 * Most are read from `stats()` when they are asked for; durations are counted as calls end.
 *
 * @example
 * const registry = await metrics(miner)
 * console.log(await registry.metrics())
 * @returns the registry
 * @throws LevinError CONFIG without prom-client, and for a registry that has these metrics of another one already
 */
export async function metrics<R extends MetricRegistry = MetricRegistry>(
  watched: Watched,
  options: MetricsOptions<R> = {},
): Promise<R> {
  checkKeys('metrics', options, ['registry'])
  const prom = await loadPromClient()
  const registry = (options.registry ?? new prom.Registry()) as unknown as Registry
  const families = new Families(prom, registry)
  const first = isMiner(watched) ? 'levin_miner_ready' : 'levin_validator_miners'
  if (registry.getSingleMetric(first) !== undefined) {
    const what = isMiner(watched) ? 'miner' : 'validator'
    throw new LevinError(
      'CONFIG',
      `metrics: this registry has a ${what} already: give each a registry of its own`,
    )
  }
  if (isMiner(watched)) minerMetrics(watched, families)
  else validatorMetrics(watched, families)
  return registry as unknown as R
}
