/**
 * Asks `/now.json` once a second and shows it. Rates and latencies are those of the last seconds: what was counted now,
 * less what was counted then. Everything is set as text, never as markup: hotkeys and reasons are written as they are.
 */

const EVERY_MS = 1000
/** Two minutes of it are drawn. */
const KEPT = 120
/** Over so many seconds rates are taken, and latencies. */
const RATE_SECONDS = 3
const LATENCY_SECONDS = 30

const main = document.getElementById('main')
const state = document.getElementById('state')

/** What was told, the latest last. */
const past = []
/** Values to draw, by chart and line. */
const series = new Map()

/** @returns an element with these children; a text is a child, too */
function el(tag, attributes, ...children) {
  const svg = tag === 'svg' || tag === 'path'
  const made = svg ? document.createElementNS('http://www.w3.org/2000/svg', tag) : document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.append(...children.filter((child) => child !== undefined))
  return made
}

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

const count = (value) => (value < 100 ? number : whole).format(value)
const none = '–'

function milliseconds(ms) {
  if (ms === undefined) return none
  return ms < 1000 ? `${number.format(ms < 10 ? ms : Math.round(ms))} ms` : `${number.format(ms / 1000)} s`
}

function age(ms) {
  if (ms === undefined) return none
  const seconds = Math.max(0, ms / 1000)
  if (seconds < 90) return `${whole.format(seconds)} s`
  if (seconds < 5400) return `${whole.format(seconds / 60)} min`
  return seconds < 172_800 ? `${number.format(seconds / 3600)} h` : `${number.format(seconds / 86_400)} d`
}

function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${count(value)} ${units[unit]}`
}

const short = (hotkey) => `${hotkey.slice(0, 6)}…${hotkey.slice(-4)}`

/** What was told so many seconds ago, or at first. */
function then(now, seconds) {
  return past.find(({ atMs }) => now.atMs - atMs <= seconds * 1000 + EVERY_MS / 2) ?? now
}

/** How much a total grew each second, lately; 0 as long as nothing is known. */
function perSecond(now, total) {
  const before = then(now, RATE_SECONDS)
  const seconds = (now.atMs - before.atMs) / 1000
  return seconds <= 0 ? 0 : Math.max(0, total(now) - total(before)) / seconds
}

/** The latency below which a part of the calls was, in milliseconds; undefined without calls. */
function quantile(part, boundsMs, counts) {
  const all = counts.reduce((sum, each) => sum + each, 0)
  if (all === 0) return undefined
  let left = part * all
  for (let i = 0; i < counts.length; i++) {
    if (left > counts[i]) {
      left -= counts[i]
      continue
    }
    const from = i === 0 ? 0 : boundsMs[i - 1]
    const to = boundsMs[i] ?? from
    return from + (to - from) * (left / counts[i])
  }
  return boundsMs.at(-1)
}

/** The counts of several histograms, added up. */
function sumOf(histograms) {
  const known = histograms.filter((each) => each !== undefined)
  if (known.length === 0) return undefined
  return {
    boundsMs: known[0].boundsMs,
    counts: known[0].counts.map((_, i) => sum(known, ({ counts }) => counts[i])),
  }
}

const sum = (items, of) => items.reduce((total, item) => total + of(item), 0)

/** p50 and p99 of the last seconds, or of all when there were no calls lately. */
function latency(now, histogramOf) {
  const latest = histogramOf(now)
  if (latest === undefined) return {}
  const before = histogramOf(then(now, LATENCY_SECONDS))
  const { boundsMs } = latest
  let counts = latest.counts.map((each, i) => Math.max(0, each - (before?.counts[i] ?? 0)))
  if (counts.every((each) => each === 0)) counts = latest.counts
  return { p50: quantile(0.5, boundsMs, counts), p99: quantile(0.99, boundsMs, counts) }
}

function tile(name, value, more, isBad = false) {
  const shown = el('b', isBad ? { class: 'bad' } : {}, value)
  return el(
    'div',
    { class: 'tile' },
    el('span', { class: 'quiet' }, name),
    shown,
    el('span', { class: 'quiet' }, more ?? ''),
  )
}

const wide = (...parts) => {
  const made = panel(...parts)
  made.classList.add('wide')
  return made
}

function panel(title, ...children) {
  return el('section', { class: 'panel' }, el('h3', {}, title), ...children)
}

/** @param columns names; a second one says that a phone has no room for it */
function table(columns, rows, empty) {
  if (rows.length === 0) return el('p', { class: 'quiet' }, empty)
  const attributes = columns.map((column) => (Array.isArray(column) ? { class: 'optional' } : {}))
  const head = columns.map((column, i) => el('th', { scope: 'col', ...attributes[i] }, String(column)))
  const body = rows.map((row) => el('tr', {}, ...row.map((cell, i) => el('td', attributes[i], cell))))
  return el(
    'div',
    { class: 'scroll' },
    el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...body)),
  )
}

function remember(name, value) {
  const line = series.get(name) ?? []
  line.push(value ?? 0)
  if (line.length > KEPT) line.shift()
  series.set(name, line)
  return line
}

/** @param lines names of what `remember` has, and what they are called */
function chart(title, lines, show) {
  const values = lines.map(([name]) => series.get(name) ?? [])
  const most = Math.max(...values.flat(), Number.EPSILON)
  const draw = (line) =>
    line
      .map((value, i) => `${i === 0 ? 'M' : 'L'}${KEPT - line.length + i} ${99 - (value / most) * 96}`)
      .join('')
  const css = (i) => (i === 0 ? {} : { class: 'second' })
  return panel(
    title,
    el(
      'svg',
      { viewBox: `0 0 ${KEPT - 1} 100`, preserveAspectRatio: 'none', role: 'img', 'aria-label': title },
      ...values.map((line, i) => el('path', { d: draw(line), ...css(i) })),
    ),
    el(
      'div',
      { class: 'axis quiet' },
      el(
        'span',
        {},
        ...lines.map(([, label], i) =>
          el('span', { class: i === 0 ? 'legend' : 'legend second' }, `${label}  `),
        ),
      ),
      el('span', {}, `2 min, up to ${show(most)}`),
    ),
  )
}

const callsOf = ({ answered, refused, invalid, failed, timedOut, aborted }) =>
  answered + refused + invalid + failed + timedOut + aborted

const allOf = ({ counts }) => sum(counts, (each) => each)

function minerParts(now) {
  const { miner } = now
  const heading = el(
    'h2',
    {},
    'Miner',
    el('small', { class: 'key' }, miner.hotkey),
    el('small', {}, miner.state),
  )
  if (miner.synapses === undefined) return [heading, el('p', { class: 'quiet' }, 'It has not listened yet.')]
  const { connections, handshakes } = miner
  const calls = perSecond(now, ({ miner }) => sum(miner.synapses ?? [], callsOf))
  const { p50, p99 } = latency(now, ({ miner }) =>
    sumOf((miner.synapses ?? []).map(({ latency }) => latency)),
  )
  remember('calls', calls)
  remember('p50', p50)
  remember('p99', p99)
  const waiting = sum(miner.queues, (queue) => queue.waiting)
  const refusals = [
    ...Object.entries(handshakes.refused).map(([reason, total]) => ['handshake', reason, total]),
    ...Object.entries(miner.dropped ?? {}).map(([reason, total]) => ['datagram', words(reason), total]),
    ['call', 'no such synapse', miner.unrecognized],
    ['call', 'want of memory', miner.memory.refused],
    ['connection', 'want of memory', miner.memory.closed],
    ...['refused', 'invalid', 'failed', 'timedOut', 'aborted'].map((outcome) => [
      'call',
      words(outcome),
      sum(miner.synapses, (synapse) => synapse[outcome]),
    ]),
  ].filter(([, , total]) => total > 0)
  const newer = (i, total) => total - (refusalsOf(then(now, LATENCY_SECONDS)).get(i) ?? 0)
  const chainAge = miner.chainAgeMs ?? now.chainAgeMs
  return [
    heading,
    el(
      'div',
      { class: 'tiles' },
      tile(
        'validators',
        count(connections.validators),
        `of ${connections.maxValidators}, ${connections.strangers} unproved, ${connections.halfOpen} half-open`,
        connections.validators >= connections.maxValidators,
      ),
      tile('calls a second', count(calls), `${count(sum(miner.synapses, ({ running }) => running))} running`),
      tile('latency, p50', milliseconds(p50), `p99 ${milliseconds(p99)}`),
      tile(
        'queue',
        count(waiting),
        miner.workers ? `waiting; ${miner.workers.waiting} for a thread` : 'waiting',
      ),
      tile(
        'chain data',
        age(chainAge),
        chainAge === undefined ? 'does not age' : 'old',
        chainAge > 7_200_000,
      ),
      tile(
        'traffic',
        `${bytes(perSecond(now, ({ miner }) => miner.bytesIn ?? 0))}/s`,
        `in; ${bytes(perSecond(now, ({ miner }) => miner.bytesOut ?? 0))}/s out`,
      ),
    ),
    el(
      'div',
      { class: 'panels' },
      chart('Calls a second', [['calls', 'calls']], count),
      chart(
        'Latency',
        [
          ['p50', 'p50'],
          ['p99', 'p99'],
        ],
        milliseconds,
      ),
      panel(
        'Synapses',
        table(
          ['synapse', 'calls/s', 'running', 'p50', 'p99', ['answered'], ['not']],
          miner.synapses.map((synapse) => {
            const find = ({ miner }) => miner.synapses?.find(({ name }) => name === synapse.name)
            const lately = latency(now, (at) => find(at)?.latency)
            const rate = perSecond(now, (at) => (find(at) === undefined ? 0 : callsOf(find(at))))
            return [
              synapse.name,
              count(rate),
              count(synapse.running),
              milliseconds(lately.p50),
              milliseconds(lately.p99),
              whole.format(synapse.answered),
              whole.format(callsOf(synapse) - synapse.answered),
            ]
          }),
          'It answers nothing.',
        ),
      ),
      panel(
        'Refused and dropped',
        table(
          ['reason', 'what', 'in 30 s', 'in all'],
          refusals.map(([what, reason, total]) => [
            reason,
            what,
            count(newer(`${what} ${reason}`, total)),
            whole.format(total),
          ]),
          'Nothing was refused.',
        ),
      ),
      miner.queues.length === 0
        ? undefined
        : panel(
            'Queues',
            table(
              ['queue', 'running', 'waiting', 'shed', ['longest wait']],
              miner.queues.map(({ middleware, synapse, running, waiting, shed, longestWaitMs }) => [
                synapse === '' ? middleware : `${middleware}: ${synapse}`,
                count(running),
                count(waiting),
                whole.format(shed),
                milliseconds(longestWaitMs),
              ]),
              '',
            ),
          ),
      panel(
        `Validators${miner.validatorsHeard > miner.validators.length ? `, the busiest ${miner.validators.length} of ${whole.format(miner.validatorsHeard)}` : ''}`,
        table(
          ['hotkey', ['uid'], 'stake', 'calls', 'last seen'],
          miner.validators.map(({ hotkey, uid, stake, calls, lastSeenMs }) => [
            el('span', { class: 'key', title: hotkey }, short(hotkey)),
            uid === undefined ? none : String(uid),
            stake === undefined ? none : whole.format(stake),
            whole.format(calls),
            `${age(now.unixMs - lastSeenMs)} ago`,
          ]),
          'Nobody was here yet.',
        ),
      ),
    ),
  ]
}

/** Totals by reason, as the table has them. */
function refusalsOf({ miner }) {
  const totals = new Map()
  if (miner?.synapses === undefined) return totals
  for (const [reason, total] of Object.entries(miner.handshakes.refused))
    totals.set(`handshake ${reason}`, total)
  for (const [reason, total] of Object.entries(miner.dropped ?? {}))
    totals.set(`datagram ${words(reason)}`, total)
  totals.set('call no such synapse', miner.unrecognized)
  totals.set('call want of memory', miner.memory.refused)
  totals.set('connection want of memory', miner.memory.closed)
  for (const outcome of ['refused', 'invalid', 'failed', 'timedOut', 'aborted'])
    totals.set(
      `call ${words(outcome)}`,
      sum(miner.synapses, (synapse) => synapse[outcome]),
    )
  return totals
}

/** `timedOut` as `timed out`. */
const words = (name) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)

function validatorParts(now) {
  const { validator } = now
  const calls = perSecond(now, ({ validator }) => sum(validator.synapses, ({ latency }) => allOf(latency)))
  const { p50, p99 } = latency(now, ({ validator }) =>
    sumOf(validator.synapses.map(({ latency }) => latency)),
  )
  remember('asked', calls)
  remember('asked p50', p50)
  remember('asked p99', p99)
  const { connected, connecting, backingOff, idle } = validator.connections
  return [
    el('h2', {}, 'Validator', el('small', { class: 'key' }, validator.hotkey)),
    el(
      'div',
      { class: 'tiles' },
      tile(
        'miners connected',
        count(connected),
        `${connecting} connecting, ${backingOff} failed, ${idle} idle`,
      ),
      tile('calls a second', count(calls), `${count(validator.running)} running`),
      tile('latency, p50', milliseconds(p50), `p99 ${milliseconds(p99)}`),
      tile('wrong peer', count(validator.states.wrongPeer), 'another hotkey answers there'),
      now.chainAgeMs === undefined
        ? ''
        : tile('chain data', age(now.chainAgeMs), 'old', now.chainAgeMs > 7_200_000),
    ),
    el(
      'div',
      { class: 'panels' },
      chart('Calls a second', [['asked', 'calls']], count),
      chart(
        'Latency',
        [
          ['asked p50', 'p50'],
          ['asked p99', 'p99'],
        ],
        milliseconds,
      ),
      panel(
        'Synapses',
        table(
          ['synapse', 'calls/s', 'p50', 'p99', 'calls', 'failed'],
          validator.synapses.map(({ name, failed, latency: all }) => {
            const find = ({ validator }) => validator.synapses.find((other) => other.name === name)?.latency
            const lately = latency(now, find)
            return [
              name,
              count(perSecond(now, (at) => (find(at) === undefined ? 0 : allOf(find(at))))),
              milliseconds(lately.p50),
              milliseconds(lately.p99),
              whole.format(allOf(all)),
              whole.format(failed),
            ]
          }),
          'Nothing was asked yet.',
        ),
      ),
      wide(
        `Miners${validator.minersKnown > validator.miners.length ? `, the ${validator.miners.length} asked most of ${whole.format(validator.minersKnown)}` : ''}`,
        table(
          ['hotkey', 'state', ['p50'], 'answered', 'failed', ['last asked'], ['last failure']],
          validator.miners.map(({ hotkey, state, latency, answered, failed, lastSeenMs, lastFailure }) => [
            el('span', { class: 'key', title: hotkey }, short(hotkey)),
            el('span', { class: state === 'connected' ? 'good' : 'quiet' }, words(state)),
            milliseconds(quantile(0.5, latency.boundsMs, latency.counts)),
            whole.format(answered),
            whole.format(failed),
            lastSeenMs === undefined ? none : `${age(now.unixMs - lastSeenMs)} ago`,
            lastFailure?.toLowerCase().replaceAll('_', ' ') ?? none,
          ]),
          'It knows no miner yet.',
        ),
      ),
    ),
  ]
}

function show(now) {
  past.push(now)
  if (past.length > LATENCY_SECONDS + 2) past.shift()
  const isReady = now.notReady.length === 0
  state.className = isReady ? 'good' : 'bad'
  state.textContent = isReady ? 'ready' : now.notReady.join('; ')
  const loop = remember('loop', now.loop.p99Ms)
  remember('memory', now.rssBytes)
  main.replaceChildren(
    el(
      'div',
      { class: 'tiles' },
      tile(
        'event loop delay, p99',
        milliseconds(loop.at(-1)),
        `p50 ${milliseconds(now.loop.p50Ms)}, most ${milliseconds(now.loop.maxMs)}`,
        now.loop.p99Ms > 100,
      ),
      tile('memory', bytes(now.rssBytes), `${bytes(now.heapBytes)} heap`),
      tile('up', age(now.uptimeSeconds * 1000)),
    ),
    ...(now.miner === undefined ? [] : minerParts(now)),
    ...(now.validator === undefined ? [] : validatorParts(now)),
  )
}

/** Not while nobody looks at it; and never twice at once. */
async function ask() {
  if (!document.hidden) {
    try {
      const response = await fetch('/now.json', { signal: AbortSignal.timeout(5 * EVERY_MS) })
      if (!response.ok) throw new Error(`it answered ${response.status}`)
      const now = await response.json()
      if (now.atMs !== past.at(-1)?.atMs) show(now)
    } catch (error) {
      state.className = 'bad'
      state.textContent = `no answer from the process: ${error.message}`
    }
  }
  setTimeout(ask, EVERY_MS)
}

void ask()
