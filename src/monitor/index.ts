/**
 * For who runs a miner or a validator: metrics, traces, a page to look at.
 * @module levin/monitor
 */
export { type MetricRegistry, type MetricsOptions, metrics } from './metrics.js'
export { type Monitor, type MonitorOptions, monitor } from './monitor.js'
export type { NotReadyReason } from './readiness.js'
export type { Watched, WatchedMiner, WatchedValidator } from './subjects.js'
export { type TracedMiner, type TracedValidator, type TracingOptions, tracing } from './tracing.js'
