import { type Families, oncePerScrape } from './families.js'
import { queuesOf, refusedBy } from './queues.js'
import { notReady } from './readiness.js'
import { minerStats, type WatchedMiner } from './subjects.js'

const CALL = ['synapse']

/** No hotkey and nothing else that a peer chooses is a label: synapses are those that the miner answers. */
export function minerMetrics(miner: WatchedMiner, families: Families): void {
  const stats = oncePerScrape(() => minerStats(miner))

  families.gauge('levin_miner_ready', '1 when it admits and answers, as /readyz says; else 0.', [], (give) =>
    give(notReady({ miner }).length === 0 ? 1 : 0),
  )
  families.gauge('levin_miner_info', 'Always 1; its labels say what runs.', ['engine'], (give) => {
    const engine = stats()?.network?.engine
    if (engine !== undefined) give(1, { engine })
  })
  families.gauge('levin_miner_connections', 'QUIC connections, by how far they are.', ['state'], (give) => {
    const now = stats()?.connections
    if (now === undefined) return
    give(now.halfOpen, { state: 'half_open' })
    give(now.strangers, { state: 'stranger' })
    give(now.validators, { state: 'validator' })
  })
  families.gauge('levin_miner_max_validators', 'Validators that may be connected at once.', [], (give) => {
    const now = stats()?.connections
    if (now !== undefined) give(now.maxValidators)
  })
  families.counter('levin_miner_handshakes_accepted_total', 'Handshakes that were accepted.', [], (give) =>
    give(stats()?.handshakes.accepted ?? 0),
  )
  families.counter(
    'levin_miner_handshakes_refused_total',
    'Handshakes that were refused, by reason.',
    ['reason'],
    (give) => {
      for (const [reason, count] of Object.entries(stats()?.handshakes.refused ?? {})) give(count, { reason })
    },
  )
  const handshook = families.durations(
    'levin_miner_handshake_duration_seconds',
    'From a handshake request to its answer.',
    ['outcome'],
  )
  miner.on('handshake', ({ accepted, durationMs }) =>
    handshook({ outcome: accepted ? 'accepted' : 'refused' }, durationMs),
  )

  families.counter(
    'levin_miner_calls_total',
    'Calls that are settled, by synapse and outcome.',
    ['synapse', 'outcome'],
    (give) => {
      for (const [synapse, { running: _, ...outcomes }] of Object.entries(stats()?.calls ?? {})) {
        for (const [outcome, count] of Object.entries(outcomes))
          give(count, { synapse, outcome: snake(outcome) })
      }
    },
  )
  families.gauge('levin_miner_calls_running', 'Calls that are being answered.', CALL, (give) => {
    for (const [synapse, { running }] of Object.entries(stats()?.calls ?? {})) give(running, { synapse })
  })
  families.counter(
    'levin_miner_calls_unrecognized_total',
    'Calls of synapses that there are not.',
    [],
    (give) => give(stats()?.unrecognized ?? 0),
  )
  const answered = families.durations(
    'levin_miner_call_duration_seconds',
    "From a request to its answer's last byte.",
    CALL,
  )
  miner.on('call', ({ synapse, durationMs }) => answered({ synapse }, durationMs))

  const QUEUE = ['middleware', 'synapse']
  families.gauge('levin_miner_queue_running', 'Calls that have a place of a queue.', QUEUE, (give) => {
    for (const { queue, ...labels } of queues()) give(queue.running, labels)
  })
  families.gauge('levin_miner_queue_waiting', 'Calls that wait in a queue.', QUEUE, (give) => {
    for (const { queue, ...labels } of queues()) give(queue.waiting, labels)
  })
  families.gauge('levin_miner_queue_longest_wait_seconds', 'The longest wait yet.', QUEUE, (give) => {
    for (const { queue, ...labels } of queues()) give(queue.longestWaitMs / 1000, labels)
  })
  families.counter('levin_miner_queue_shed_total', 'Calls refused since a queue was full.', QUEUE, (give) => {
    for (const { queue, ...labels } of queues()) give(queue.shed, labels)
  })
  families.counter(
    'levin_miner_refused_total',
    'Calls that a middleware refused.',
    ['middleware'],
    (give) => {
      const now = stats()
      if (now === undefined) return
      for (const [middleware, refused] of refusedBy(now)) give(refused, { middleware })
    },
  )

  families.gauge(
    'levin_miner_access_age_seconds',
    'Since what the access policy goes by was known to be true; absent when it does not age.',
    [],
    (give) => {
      const ageMs = stats()?.access.ageMs
      if (ageMs !== undefined) give(ageMs / 1000)
    },
  )
  families.gauge('levin_miner_worker_threads', 'Threads of handlers with worker.', ['state'], (give) => {
    const now = stats()?.workers
    if (now === undefined) return
    give(now.running, { state: 'running' })
    give(Math.max(0, now.threads - now.running), { state: 'idle' })
  })
  families.gauge('levin_miner_worker_waiting', 'Calls that wait for a thread.', [], (give) => {
    const now = stats()?.workers
    if (now !== undefined) give(now.waiting)
  })
  families.gauge(
    'levin_miner_memory_limit_bytes',
    'Memory of the process from which on requests are refused; absent without a limit.',
    [],
    (give) => {
      const limit = stats()?.memory.limitBytes
      if (limit !== undefined && Number.isFinite(limit)) give(limit)
    },
  )
  families.counter('levin_miner_memory_refused_total', 'Requests refused for want of memory.', [], (give) =>
    give(stats()?.memory.refused ?? 0),
  )
  families.counter('levin_miner_memory_closed_total', 'Connections closed for want of memory.', [], (give) =>
    give(stats()?.memory.closed ?? 0),
  )
  const blocked = families.counted(
    'levin_miner_loop_blocked_seconds_total',
    'Time for which the event loop stood still, by whose handler did it; an empty synapse: it cannot be told.',
    CALL,
  )
  miner.on('blocked', ({ ms, synapse = '' }) => blocked({ synapse }, ms / 1000))

  families.counter('levin_miner_received_bytes_total', 'Payload of UDP datagrams.', [], (give) =>
    give(stats()?.network?.bytesIn ?? 0),
  )
  families.counter('levin_miner_sent_bytes_total', 'Payload of UDP datagrams.', [], (give) =>
    give(stats()?.network?.bytesOut ?? 0),
  )
  families.counter('levin_miner_received_datagrams_total', 'UDP datagrams.', [], (give) =>
    give(stats()?.network?.datagramsIn ?? 0),
  )
  families.counter('levin_miner_sent_datagrams_total', 'UDP datagrams.', [], (give) =>
    give(stats()?.network?.datagramsOut ?? 0),
  )
  families.counter(
    'levin_miner_dropped_datagrams_total',
    'UDP datagrams that were thrown away unanswered, by reason.',
    ['reason'],
    (give) => {
      for (const [reason, count] of Object.entries(stats()?.network?.dropped ?? {}))
        give(count, { reason: snake(reason) })
    },
  )
  families.counter('levin_miner_retries_total', 'QUIC Retry packets sent.', [], (give) =>
    give(stats()?.network?.retriesSent ?? 0),
  )
  families.gauge('levin_miner_source_filter_hosts', 'Hosts that are let through.', [], (give) => {
    const now = stats()?.sourceFilter
    if (now?.mode === 'enforce') give(now.hosts)
  })

  function queues() {
    const now = stats()
    return now === undefined ? [] : queuesOf(now)
  }
}

/** `timedOut` as `timed_out`, as Prometheus' label values are written. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
