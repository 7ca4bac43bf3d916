import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { describe, expect, test, vi } from 'vitest'
import { metrics } from '../../src/monitor/index.js'
import { validatorSigner } from '../support/hotkeys.js'
import { problemsOf, read } from './prometheus-text.js'
import { Broken, Echo, listening, newMiner, newValidator, stranger } from './watched.js'

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

/** What both have to say after a few calls of each kind. */
async function scraped(): Promise<{ text: string; registry: Registry }> {
  const miner = newMiner()
  const validator = newValidator()
  const registry = new Registry()
  await metrics(miner, { registry })
  await metrics(validator, { registry })
  const axon = await listening(miner)
  for (let i = 0; i < 3; i++) await validator.query(axon, Echo, { i })
  await validator.query(axon, Broken, {}).catch(() => {})
  await newValidator(stranger)
    .query(axon, Echo, {})
    .catch(() => {})
  return { text: await registry.metrics(), registry }
}

describe('metrics', () => {
  test('count what happened, by synapse, outcome and reason', async () => {
    const { text } = await scraped()
    const value = (name: string, labels: Record<string, string> = {}) =>
      read(text).find(
        (sample) =>
          sample.name === name && Object.entries(labels).every(([label, is]) => sample.labels[label] === is),
      )?.value
    expect(value('levin_miner_ready')).toBe(1)
    expect(value('levin_miner_calls_total', { synapse: 'Echo', outcome: 'answered' })).toBe(3)
    expect(value('levin_miner_calls_total', { synapse: 'Broken', outcome: 'failed' })).toBe(1)
    expect(value('levin_miner_call_duration_seconds_count', { synapse: 'Echo' })).toBe(3)
    expect(value('levin_miner_handshakes_refused_total', { reason: 'not admitted' })).toBe(1)
    expect(value('levin_miner_queue_running', { middleware: 'concurrency', synapse: 'Echo' })).toBe(0)
    expect(value('levin_miner_received_bytes_total')).toBeGreaterThan(1000)
    expect(value('levin_validator_calls_total', { synapse: 'Echo', outcome: 'answered' })).toBe(3)
    expect(value('levin_validator_calls_total', { synapse: 'Broken', outcome: 'peer_error' })).toBe(1)
    expect(value('levin_validator_connections_total', { event: 'authenticated' })).toBe(1)
  })

  test('are named and typed as Prometheus wants it, and please promtool where it is installed', async () => {
    const { text } = await scraped()
    expect(problemsOf(text)).toEqual([])
    if (!hasPromtool) return
    const { stderr, stdout, status } = spawnSync('promtool', ['check', 'metrics'], { input: text })
    expect({ status, told: `${stdout}${stderr}` }).toEqual({ status: 0, told: '' })
  })

  test('have no hotkey anywhere, nor a name that a peer made up', async () => {
    const { text } = await scraped()
    for (const hotkey of [validatorSigner.hotkey, stranger.hotkey]) expect(text).not.toContain(hotkey)
  })

  test('say nothing, and do not fail, before the miner listens', async () => {
    const registry = await metrics(newMiner())
    const samples = read(await registry.metrics())
    expect(samples.find(({ name }) => name === 'levin_miner_ready')?.value).toBe(0)
    expect(samples.filter(({ name }) => name === 'levin_miner_connections')).toEqual([])
    expect(samples.filter(({ name }) => name === 'levin_miner_max_validators')).toEqual([])
  })

  test('of two miners do not go into one registry', async () => {
    const registry = await metrics(newMiner())
    await expect(metrics(newMiner(), { registry })).rejects.toMatchObject({
      code: 'CONFIG',
      message: 'metrics: this registry has a miner already: give each a registry of its own',
    })
  })

  test('without prom-client say what to do', async () => {
    vi.doMock('prom-client', () => {
      throw new Error("Cannot find package 'prom-client'")
    })
    await expect(metrics(newMiner())).rejects.toMatchObject({
      code: 'CONFIG',
      message: "metrics need the package 'prom-client': run npm install prom-client",
    })
    vi.doUnmock('prom-client')
  })
})

test('docs/operating.md has them all, with type and labels', async () => {
  const { registry } = await scraped()
  const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(levin_\w+)` *\| (\w+) *\| ([^|]*) *\|/gm)].map(
    ([, name, type, labels]) => `${name} ${type} ${labels!.replaceAll('`', '').trim()}`,
  )
  const { Counter, Gauge } = await import('prom-client')
  const type = (metric: object) =>
    metric instanceof Counter ? 'counter' : metric instanceof Gauge ? 'gauge' : 'histogram'
  const there = registry.getMetricsAsArray().map((metric) => {
    const { labelNames } = metric as unknown as { labelNames: string[] }
    return `${metric.name} ${type(metric)} ${labelNames.join(', ')}`
  })
  expect(rows).toEqual(there)
})

describe('the dashboard', () => {
  test('asks for metrics and labels that there are', async () => {
    const { registry } = await scraped()
    collectDefaultMetrics({ register: registry })
    const dashboard = JSON.parse(
      readFileSync(new URL('../../docs/grafana/levin.json', import.meta.url), 'utf8'),
    )
    const targets = (dashboard.panels as { targets?: { expr: string; legendFormat: string }[] }[]).flatMap(
      ({ targets = [] }) => targets,
    )
    expect(targets.length).toBeGreaterThan(20)
    for (const { expr, legendFormat } of targets) {
      const [name = ''] = /\b(?:levin|process|nodejs)_\w+/.exec(expr) ?? []
      const metric = registry.getSingleMetric(name.replace(/_bucket$/, '')) as unknown as {
        labelNames: string[]
      }
      expect(metric, expr).toBeDefined()
      const grouped = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? []
      const chosen = [...expr.matchAll(/(\w+)(?:=~|!=|=)"/g)].map(([, label]) => label)
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label)
      const have = [...metric.labelNames, 'instance', ...(name.endsWith('_bucket') ? ['le'] : [])]
      for (const label of [...grouped, ...chosen, ...shown])
        expect(have, `${label} of ${expr}`).toContain(label)
    }
  })
})
