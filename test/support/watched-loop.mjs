/** A process whose loop is watched, for 500 ms. `spin` holds it for ever, `pause` for a second; `idle` does nothing. */
import { silentLogger } from '../../dist/index.js'
import { watchLoop } from '../../dist/watchdog/watchdog.js'

const stop = watchLoop(500, silentLogger)
setTimeout(() => {}, 60_000)
process.on('SIGTERM', () => {
  stop()
  console.log('went on')
  process.exit(0)
})
process.stdin.once('data', (what) => {
  const endMs = `${what}` === 'spin' ? Number.POSITIVE_INFINITY : performance.now() + 1000
  while (performance.now() < endMs);
  console.log('went on')
  process.exit(0)
})
console.log('watched')
