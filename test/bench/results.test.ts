import { expect, test } from 'vitest'
import { formatSize, readOptions } from './options.js'
import { overheads, protections } from './overhead.js'
import { median, type Sample, summarise } from './results.js'

const sample = (pair: string, round: number, rps: number, minerCpuUs: number | null = 10): Sample => ({
  ...{ pair, round, size: 1024, inflight: 32, rps, minerCpuUs },
  ...{ p50Ms: 1, p99Ms: 2, setupMs: 3, clientCpuUs: 20, wireBytes: 2000, frameBytes: 1052 },
})

test('a ratio compares rounds one by one, so that a slow round does not bend it', () => {
  const samples = [
    ...[sample('levin-levin', 1, 50), sample('rust-rust', 1, 100)],
    ...[sample('levin-levin', 2, 5), sample('rust-rust', 2, 10)],
    ...[sample('levin-levin', 3, 60), sample('rust-rust', 3, 10)],
  ]
  const [levin, rust] = summarise(samples)
  expect(levin).toMatchObject({ pair: 'levin-levin', rps: 50, cpuUs: 30, rounds: 3, ratios: { rps: 0.5 } })
  expect(rust).toMatchObject({ pair: 'rust-rust', rps: 10, ratios: { rps: 1 } })
})

test('what was not measured has no ratio', () => {
  const [row] = summarise([sample('levin-levin', 1, 50, null)])
  expect(row).toMatchObject({ cpuUs: null, minerCpuUs: null, ratios: { rps: null, minerCpuUs: null } })
})

test("a typed handler is compared by its miner's CPU with a bare one at the same load", () => {
  const samples = [sample('levin-levin', 1, 50, 20), sample('levin-typed', 1, 50, 25)]
  expect(overheads(samples)).toEqual([{ size: 1024, inflight: 32, times: 1.25 }])
})

test('protections are compared with the same miner without them, by requests a second and by its CPU', () => {
  const samples = [
    sample('levin-open', 1, 50, 20),
    sample('levin-levin', 1, 45, 21),
    sample('levin-guarded', 1, 40, null),
  ]
  expect(protections(samples)).toEqual([
    { size: 1024, inflight: 32, pair: 'levin-levin', rps: 0.9, minerCpu: 1.05 },
    { size: 1024, inflight: 32, pair: 'levin-guarded', rps: 0.8, minerCpu: null },
  ])
})

test('medians pass over what is unknown', () => {
  expect(median([3, null, 1])).toBe(2)
  expect(median([null])).toBeNull()
})

test('options: sizes in any usual spelling, and a narrowed run is known as one', () => {
  const options = readOptions(['--pairs', 'rust-rust', '--sizes', '256,1KB,2kib,1m', '--inflight', '8'])
  expect(options).toMatchObject({ sizes: [256, 1024, 2048, 1_048_576], inflight: [8], narrowed: true })
  expect(readOptions(['--json', 'x.json'])).toMatchObject({ rounds: 3, narrowed: false })
  expect([256, 10_240, 1_048_576, 1_000_000].map(formatSize)).toEqual(['256 B', '10 KB', '1 MB', '1000000 B'])
  expect(() => readOptions(['--sizes', 'big'])).toThrow('--sizes big')
  expect(() => readOptions(['--pairs', 'go-go'])).toThrow('there are levin-levin')
})
