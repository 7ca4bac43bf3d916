/** `npm run hostile:requests`: the slowest requests that can be found, with the seed that repeats them. */
import 'reflect-metadata'
import { parseArgs } from 'node:util'
import { LIMITS, worstRequest } from './requests.js'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    classes: { type: 'string', default: '200' },
    mib: { type: 'string', default: '1,64' },
  },
})
const seed = Number(values.seed)
const sizes = values.mib.split(',').map((mib) => Number(mib) * 1024 * 1024)
console.log(`seed ${seed}`)
for (const { bytes, ms } of LIMITS) {
  if (!sizes.includes(bytes)) continue
  const mib = bytes / 1024 / 1024
  const worst = worstRequest({
    seed,
    classes: Number(values.classes),
    bytes,
    report: (found) => console.log(`${mib} MiB: ${found.ms.toFixed(1)} ms, ${found.what}`),
  })
  const verdict = worst.ms <= ms ? 'holds' : 'FAILS'
  console.log(`${mib} MiB: ${verdict}, at most ${worst.ms.toFixed(1)} ms of ${ms} asked, seed ${seed}`)
  if (worst.ms > ms) process.exitCode = 1
}
