import { expect, test } from 'vitest'
import { formatSize, readOptions } from './options.js'
import { doorCosts, overheads, protections } from './overhead.js'
import { plot } from './plot.js'
import { withSummary } from './readme.js'
import { median, type Sample, summarise } from './results.js'
import { type StreamSample, summariseStreams } from './streams.js'
import { formatRatio } from './table.js'

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

test("a Levin miner's HTTP door is compared with an axon that the same client asks", () => {
  const samples = [
    ...[sample('bittensor-bittensor', 1, 100, 1000), sample('bittensor-levin', 1, 150, 200)],
    ...[sample('http-bittensor', 1, 200, null), sample('http-levin', 1, 3000, 100)],
  ]
  const load = { size: 1024, inflight: 32, p50: 1 }
  expect(doorCosts(samples)).toEqual([
    { ...load, client: 'dendrite', rps: 1.5, minerCpu: 0.2 },
    { ...load, client: 'http', rps: 15, minerCpu: null },
  ])
  expect(doorCosts(samples.slice(1, 2))).toEqual([])
})

const stream = (pair: string, round: number, chunk: number, mbPerSecond: number): StreamSample => ({
  ...{ pair, round, chunk, mbPerSecond, firstMs: 1000 / mbPerSecond },
})

test('streams are compared with those of the same chunks, round by round', () => {
  const samples = [
    ...[stream('rust-rust', 1, 1024, 100), stream('levin-levin', 1, 1024, 50)],
    ...[stream('rust-rust', 2, 1024, 10), stream('levin-levin', 2, 1024, 5)],
    ...[stream('rust-levin', 1, 256, 10)],
  ]
  const [other, levin, rust] = summariseStreams(samples)
  expect(other).toMatchObject({
    pair: 'rust-levin',
    chunk: 256,
    ratios: { mbPerSecond: null, firstMs: null },
  })
  expect(levin).toMatchObject({ pair: 'levin-levin', mbPerSecond: 27.5, rounds: 2 })
  expect(levin?.ratios).toEqual({ mbPerSecond: 0.5, firstMs: 2 })
  expect(rust?.ratios).toEqual({ mbPerSecond: 1, firstMs: 1 })
})

test('README gets what whole systems do, between its marks and nowhere else', () => {
  const rows = summarise([sample('levin-levin', 1, 50), sample('rust-rust', 1, 100)])
  const streams = summariseStreams([stream('levin-levin', 1, 16_384, 8), stream('rust-rust', 1, 16_384, 10)])
  const readme = 'before\n<!-- npm run bench writes this -->\nold\n<!-- until here -->\nafter\n'
  const written = withSummary(readme, { rows, streams })
  expect(written).toMatch(/^before\n.*\n\n\| both ends [\s\S]*\n\n<!-- until here -->\nafter\n$/)
  expect(written).toMatch(/\| Levin +\| +- \| +0\.50 \| +0\.80 \| +- \|/)
  expect(written).toMatch(/\| bittensor 10\.5, HTTP +\| +- \| +- \| +- \| +- \|/)
  expect(written).not.toContain('old')
  expect(withSummary(written, { rows, streams })).toBe(written)
  expect(() => withSummary('no place', { rows, streams })).toThrow('<!-- until here -->')
})

test('the plot has a bar of each whole pair, and none of what one thing costs', () => {
  const samples = ['levin-levin', 'rust-rust', 'levin-typed'].map((pair) => sample(pair, 1, 50))
  const picture = plot(summarise(samples))
  expect(picture).toContain('levin-levin')
  expect(picture).not.toContain('levin-typed')
})

test('a ratio far below the reference still says how far', () => {
  expect([0.004321, 0.0996, 0.5, 9.994, 54.26, null].map(formatRatio)).toEqual([
    ...['0.0043', '0.10', '0.50', '9.99', '54.3', '-'],
  ])
})

test('medians pass over what is unknown', () => {
  expect(median([3, null, 1])).toBe(2)
  expect(median([null])).toBeNull()
})

test('options: requests and streams are both measured, unless one of them is asked for alone', () => {
  expect(readOptions([])).toMatchObject({ sizes: undefined, chunks: [16_384, 1_048_576], narrowed: false })
  expect(readOptions(['--inflight', '8'])).toMatchObject({ sizes: undefined, chunks: [16_384, 1_048_576] })
  expect(readOptions(['--sizes', '1KB'])).toMatchObject({ sizes: [1024], chunks: [] })
  expect(readOptions(['--chunks', '1MB'])).toMatchObject({ sizes: [], chunks: [1_048_576], narrowed: true })
  expect(readOptions(['--sizes', '1KB', '--chunks', '2KB'])).toMatchObject({ sizes: [1024], chunks: [2048] })
})

test('options: sizes in any usual spelling, and a narrowed run is known as one', () => {
  const options = readOptions(['--pairs', 'rust-rust', '--sizes', '256,1KB,2kib,1m', '--inflight', '8'])
  expect(options).toMatchObject({ sizes: [256, 1024, 2048, 1_048_576], inflight: [8], narrowed: true })
  expect(readOptions(['--json', 'x.json'])).toMatchObject({ rounds: 3, narrowed: false })
  expect([256, 10_240, 1_048_576, 1_000_000].map(formatSize)).toEqual(['256 B', '10 KB', '1 MB', '1000000 B'])
  expect(() => readOptions(['--sizes', 'big'])).toThrow('--sizes big')
  expect(() => readOptions(['--chunks', '1TB'])).toThrow('--chunks 1TB')
  expect(() => readOptions(['--pairs', 'go-go'])).toThrow('there are levin-levin')
})
