import type { ValidatorStats } from '../client/stats.js'
import { type Families, oncePerScrape } from './families.js'
import { snake } from './miner-metrics.js'
import type { WatchedValidator } from './subjects.js'

/** No hotkey and nothing else that a peer chooses is a label: synapses are those that the validator asks. */
export function validatorMetrics(validator: WatchedValidator, families: Families): void {
  const stats = oncePerScrape(() => validator.stats())

  families.gauge(
    'levin_validator_addresses',
    'Addresses of miners, by what there is to them.',
    ['state'],
    (give) => {
      for (const [state, count] of Object.entries(stats().connections)) give(count, { state: snake(state) })
    },
  )
  families.gauge('levin_validator_miners', 'Miners, by what there is to them.', ['state'], (give) => {
    for (const [state, count] of countStates(stats())) give(count, { state: snake(state) })
  })
  families.gauge('levin_validator_calls_running', 'Calls that are not over.', [], (give) => {
    let running = 0
    for (const { calls } of Object.values(stats().miners)) running += calls.running
    give(running)
  })
  families.gauge(
    'levin_validator_clock_skew_max_seconds',
    'How far the clock of a miner is off ours at most; absent before the first handshake.',
    [],
    (give) => {
      const skews = Object.values(stats().miners).flatMap(({ clockSkewSeconds }) =>
        clockSkewSeconds === undefined ? [] : Math.abs(clockSkewSeconds),
      )
      if (skews.length > 0) give(skews.reduce((most, skew) => Math.max(most, skew)))
    },
  )
  // Counted as it happens: what `stats()` has of a miner goes with the miner, and a total must not fall.
  const called = families.counted(
    'levin_validator_calls_total',
    'Calls that are over, by synapse and outcome.',
    ['synapse', 'outcome'],
  )
  const took = families.durations(
    'levin_validator_call_duration_seconds',
    'From a call to its end, connecting included.',
    ['synapse'],
  )
  validator.on('call', ({ synapse, outcome, durationMs }) => {
    called({ synapse, outcome: outcome.toLowerCase() })
    took({ synapse }, durationMs)
  })
  const connected = families.counted(
    'levin_validator_connections_total',
    'Addresses that were reached, could not be, or were lost.',
    ['event', 'code'],
  )
  validator.on('connection', ({ state, error }) =>
    connected({ event: state, code: error?.code.toLowerCase() ?? '' }),
  )
}

const STATES = ['connected', 'wrongPeer', 'connecting', 'backingOff', 'idle'] as const

export function countStates({ miners }: ValidatorStats): Map<string, number> {
  const counts = new Map<string, number>(STATES.map((state) => [state, 0]))
  for (const { state } of Object.values(miners)) counts.set(state, counts.get(state)! + 1)
  return counts
}
