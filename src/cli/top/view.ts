/** Pure. What `levin top` shows, as sections of lines. */
import type { Now, NowOfListening, NowOfMiner, NowOfValidator } from '../../monitor/now.js'
import { printable, shown } from '../../shown.js'
import { type Lately, type Latency, sumOf } from './lately.js'

/** Of a cell of a table. */
const MOST_CHARACTERS = 40
const NONE = '-'

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

const count = (value: number | undefined): string =>
  value === undefined ? NONE : (value < 100 ? number : whole).format(value)

function milliseconds(ms: number | undefined): string {
  if (ms === undefined) return NONE
  return ms < 1000 ? `${number.format(ms < 10 ? ms : Math.round(ms))} ms` : `${number.format(ms / 1000)} s`
}

function age(ms: number | undefined): string {
  if (ms === undefined) return NONE
  const seconds = Math.max(0, ms / 1000)
  if (seconds < 90) return `${whole.format(seconds)} s`
  if (seconds < 5400) return `${whole.format(seconds / 60)} min`
  return seconds < 172_800 ? `${number.format(seconds / 3600)} h` : `${number.format(seconds / 86_400)} d`
}

function bytes(value: number | undefined): string {
  if (value === undefined) return NONE
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let unit = 0
  let left = value
  for (; left >= 1024 && unit < units.length - 1; unit++) left /= 1024
  return `${count(left)} ${units[unit]}`
}

/** `timedOut` as `timed out`, `CANNOT_CONNECT` as `cannot connect`. */
const words = (name: string): string =>
  /^[A-Z_]+$/.test(name)
    ? name.toLowerCase().replaceAll('_', ' ')
    : name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

/** A whole one, of 48 characters, leaves no room for the rest of a row in 80 columns. */
const short = (hotkey: string): string => `${hotkey.slice(0, 6)}…${hotkey.slice(-4)}`

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0)

/** The first row is the heading. @returns nothing when there is no other one */
function table(rows: readonly (readonly (string | number | undefined)[])[]): string[] {
  if (rows.length === 1) return []
  const cells = rows.map((row) => row.map((cell) => shown(String(cell ?? NONE), MOST_CHARACTERS)))
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)))
  return cells.map((row) => `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd())
}

/**
 * Nothing in the lines can move a cursor.
 * @param url where the numbers come from
 * @param trouble why there are no newer ones
 */
export function sectionsOf(now: Now, lately: Lately, url: string, trouble?: string): string[][] {
  const { loop, notReady, miner, validator } = now
  const state = notReady.length === 0 ? 'ready' : `NOT READY: ${notReady.join('; ')}`
  const head = [
    `${url}  ${trouble ?? state}`,
    `up ${age(now.uptimeSeconds * 1000)}   memory ${bytes(now.rssBytes)}, ${bytes(now.heapBytes)} heap   loop delay p99 ${milliseconds(loop.p99Ms)}, most ${milliseconds(loop.maxMs)}`,
  ]
  return [
    head,
    ...(miner === undefined ? [] : ofMiner(miner, now, lately)),
    ...(validator === undefined ? [] : ofValidator(validator, now, lately)),
  ]
    .filter((section) => section.length > 0)
    .map((section) => section.map(printable))
}

const callsOf = (synapse: NowOfListening['synapses'][number]): number =>
  total([
    synapse.answered,
    synapse.refused,
    synapse.invalid,
    synapse.failed,
    synapse.timedOut,
    synapse.aborted,
  ])

const rateAndLatency = (rate: number | undefined, { p50Ms, p99Ms }: Latency): string =>
  `calls/s ${count(rate)}   p50 ${milliseconds(p50Ms)}   p99 ${milliseconds(p99Ms)}`

const isListening = (miner: NowOfMiner): miner is NowOfMiner & NowOfListening => miner.synapses !== undefined

function ofMiner(miner: NowOfMiner, now: Now, lately: Lately): string[][] {
  const heading = `miner ${miner.hotkey}  ${miner.state}`
  if (!isListening(miner)) return [[heading]]
  const { connections, queues, synapses, validators, workers } = miner
  const chainAgeMs = miner.chainAgeMs ?? now.chainAgeMs
  const known = (at: Now): NowOfListening['synapses'] => at.miner?.synapses ?? []
  const rate = lately.perSecond((at) => total(known(at).map(callsOf)))
  const latency = lately.latency((at) => sumOf(known(at).map((synapse) => synapse.latency)))
  const perSecond = (of: 'bytesIn' | 'bytesOut') => bytes(lately.perSecond(({ miner }) => miner?.[of] ?? 0))
  return [
    [
      heading,
      `  ${rateAndLatency(rate, latency)}   running ${total(synapses.map(({ running }) => running))}   waiting ${total(queues.map(({ waiting }) => waiting)) + (workers?.waiting ?? 0)}`,
      `  validators ${connections.validators} of ${connections.maxValidators}, ${connections.strangers} unproved, ${connections.halfOpen} half-open`,
      `  in ${perSecond('bytesIn')}/s   out ${perSecond('bytesOut')}/s   chain data ${chainAgeMs === undefined ? 'does not age' : `${age(chainAgeMs)} old`}`,
    ],
    table([
      ['SYNAPSE', 'CALLS/S', 'RUNNING', 'P50', 'P99', 'ANSWERED', 'NOT'],
      ...synapses.map((synapse) => {
        const find = (at: Now) => known(at).find(({ name }) => name === synapse.name)
        const { p50Ms, p99Ms } = lately.latency((at) => find(at)?.latency)
        const callsAt = (at: Now): number => {
          const found = find(at)
          return found === undefined ? 0 : callsOf(found)
        }
        return [
          synapse.name,
          count(lately.perSecond(callsAt)),
          synapse.running,
          milliseconds(p50Ms),
          milliseconds(p99Ms),
          whole.format(synapse.answered),
          whole.format(callsOf(synapse) - synapse.answered),
        ]
      }),
    ]),
    table([
      ['REFUSED OR DROPPED', 'WHAT', 'IN ALL'],
      ...refusalsOf(miner)
        .filter(([, , times]) => times > 0)
        .map(([reason, what, times]) => [reason, what, whole.format(times)]),
    ]),
    table([
      ['QUEUE', 'RUNNING', 'WAITING', 'SHED', 'LONGEST WAIT'],
      ...queues.map(({ middleware, synapse, running, waiting, shed, longestWaitMs }) => [
        synapse === '' ? middleware : `${middleware}: ${synapse}`,
        running,
        waiting,
        whole.format(shed),
        milliseconds(longestWaitMs),
      ]),
    ]),
    table([
      [`VALIDATOR, OF ${miner.validatorsHeard}`, 'UID', 'STAKE', 'CALLS', 'LAST SEEN'],
      ...validators.map(({ hotkey, uid, stake, calls, lastSeenMs }) => [
        short(hotkey),
        uid,
        stake === undefined ? undefined : whole.format(stake),
        whole.format(calls),
        `${age(now.unixMs - lastSeenMs)} ago`,
      ]),
    ]),
  ]
}

function refusalsOf(miner: NowOfListening): [reason: string, what: string, times: number][] {
  const outcomes = ['refused', 'invalid', 'failed', 'timedOut', 'aborted'] as const
  return [
    ...Object.entries(miner.handshakes.refused).map(([reason, times]): [string, string, number] => [
      reason,
      'handshake',
      times,
    ]),
    ...Object.entries(miner.dropped ?? {}).map(([reason, times]): [string, string, number] => [
      words(reason),
      'datagram',
      times,
    ]),
    ['no such synapse', 'call', miner.unrecognized],
    ['want of memory', 'call', miner.memory.refused],
    ['want of memory', 'connection', miner.memory.closed],
    ...outcomes.map((outcome): [string, string, number] => [
      words(outcome),
      'call',
      total(miner.synapses.map((synapse) => synapse[outcome])),
    ]),
  ]
}

function ofValidator(validator: NowOfValidator, now: Now, lately: Lately): string[][] {
  const { connections, miners, running, states, synapses } = validator
  const known = (at: Now): NowOfValidator['synapses'] => at.validator?.synapses ?? []
  const find = (at: Now, name: string) => known(at).find((synapse) => synapse.name === name)?.latency
  const rate = lately.perSecond((at) => total(known(at).flatMap(({ latency }) => latency.counts)))
  const latency = lately.latency((at) => sumOf(known(at).map((synapse) => synapse.latency)))
  return [
    [
      `validator ${validator.hotkey}`,
      `  ${rateAndLatency(rate, latency)}   running ${running}`,
      `  miners ${connections.connected} connected, ${connections.connecting} connecting, ${connections.backingOff} failed, ${connections.idle} idle, ${states.wrongPeer ?? 0} wrong peer${now.chainAgeMs === undefined ? '' : `   chain data ${age(now.chainAgeMs)} old`}`,
    ],
    table([
      ['ASKED', 'CALLS/S', 'P50', 'P99', 'CALLS', 'FAILED'],
      ...synapses.map(({ name, failed, latency }) => {
        const { p50Ms, p99Ms } = lately.latency((at) => find(at, name))
        return [
          name,
          count(lately.perSecond((at) => total(find(at, name)?.counts ?? []))),
          milliseconds(p50Ms),
          milliseconds(p99Ms),
          whole.format(total(latency.counts)),
          whole.format(failed),
        ]
      }),
    ]),
    table([
      [`MINER, OF ${validator.minersKnown}`, 'STATE', 'ANSWERED', 'FAILED', 'LAST ASKED', 'LAST FAILURE'],
      ...miners.map(({ hotkey, state, answered, failed, lastSeenMs, lastFailure }) => [
        short(hotkey),
        words(state),
        whole.format(answered),
        whole.format(failed),
        lastSeenMs === undefined ? undefined : `${age(now.unixMs - lastSeenMs)} ago`,
        lastFailure === undefined ? undefined : words(lastFailure),
      ]),
    ]),
  ]
}
