import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { Miner, open, silentLogger, synapse } from '../../src/index.js'
import { tracing } from '../../src/monitor/index.js'
import { until } from '../support/frames.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'
import { Broken, closeLater, Echo, listening, newMiner, newValidator, stranger } from './watched.js'

const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
const tracer = provider.getTracer('the test')

beforeAll(() => {
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
beforeEach(() => exporter.reset())
afterAll(() => {
  trace.disable()
  context.disable()
})

const spans = (): ReadableSpan[] => exporter.getFinishedSpans()
const find = (name: string, kind: SpanKind): ReadableSpan =>
  spans().find((span) => span.name === name && span.kind === kind)!
const both = (name: string) => until(() => spans().filter((span) => span.name === name).length === 2)

test('one trace has the round, the call at the validator, and the call at the miner with what it does', async () => {
  const Work = synapse('Work', {})
  const miner = closeLater(new Miner({ signer: minerSigner, access: open(), logger: silentLogger }))
  await tracing(miner)
  miner.synapse(Work, async () =>
    tracer.startActiveSpan('model', async (span) => {
      await Promise.resolve()
      span.end()
      return {}
    }),
  )
  const validator = newValidator()
  await tracing(validator)
  const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  const axon = { hotkey: miner.hotkey, host: '127.0.0.1', port }
  await tracer.startActiveSpan('round', async (span) => {
    await validator.query(axon, Work, {})
    span.end()
  })
  await both('Work')
  const round = find('round', SpanKind.INTERNAL)
  const asked = find('Work', SpanKind.CLIENT)
  const answered = find('Work', SpanKind.SERVER)
  const model = find('model', SpanKind.INTERNAL)
  const connect = find('connect', SpanKind.CLIENT)
  for (const span of [asked, answered, model, connect])
    expect(span.spanContext().traceId, span.name).toBe(round.spanContext().traceId)
  expect(asked.parentSpanContext?.spanId).toBe(round.spanContext().spanId)
  expect(answered.parentSpanContext?.spanId).toBe(asked.spanContext().spanId)
  expect(answered.parentSpanContext?.isRemote).toBe(true)
  expect(model.parentSpanContext?.spanId).toBe(answered.spanContext().spanId)
  expect(connect.parentSpanContext?.spanId).toBe(asked.spanContext().spanId)
  expect(asked.attributes).toMatchObject({ 'levin.hotkey': miner.hotkey, 'server.port': port })
  expect(answered.attributes).toMatchObject({
    'rpc.method': 'Work',
    'levin.hotkey': validatorSigner.hotkey,
    'levin.outcome': 'answered',
  })
  expect(find('handshake', SpanKind.SERVER).attributes).toMatchObject({
    'levin.outcome': 'accepted',
    'levin.hotkey': validatorSigner.hotkey,
  })
})

test('a stream is one span at each end, until its last chunk, and its generator runs within it', async () => {
  const Count = synapse('Count', { stream: true })
  const miner = closeLater(new Miner({ signer: minerSigner, access: open(), logger: silentLogger }))
  await tracing(miner)
  miner.synapse(Count, async function* () {
    yield Buffer.from('1')
    tracer.startSpan('later').end()
    yield Buffer.from('2')
  })
  const validator = newValidator()
  await tracing(validator)
  const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  const axon = { hotkey: miner.hotkey, host: '127.0.0.1', port }
  let chunks = 0
  for await (const _ of validator.stream(axon, Count, {})) {
    chunks++
    expect(spans().some(({ name, kind }) => name === 'Count' && kind === SpanKind.CLIENT)).toBe(false)
  }
  expect(chunks).toBe(2)
  await both('Count')
  expect(find('later', SpanKind.INTERNAL).parentSpanContext?.spanId).toBe(
    find('Count', SpanKind.SERVER).spanContext().spanId,
  )
  expect(find('Count', SpanKind.SERVER).parentSpanContext?.spanId).toBe(
    find('Count', SpanKind.CLIENT).spanContext().spanId,
  )
})

test('what fails is an error at both ends, and a refused handshake says why', async () => {
  const miner = newMiner()
  await tracing(miner)
  const validator = newValidator()
  await tracing(validator)
  const axon = await listening(miner)
  await validator.query(axon, Broken, {}).catch(() => {})
  await newValidator(stranger)
    .query(axon, Echo, {})
    .catch(() => {})
  await both('Broken')
  expect(find('Broken', SpanKind.CLIENT)).toMatchObject({
    status: { code: SpanStatusCode.ERROR },
    attributes: { 'error.type': 'PEER_ERROR' },
  })
  expect(find('Broken', SpanKind.SERVER)).toMatchObject({
    status: { code: SpanStatusCode.ERROR, message: 'not for your eyes' },
    attributes: { 'levin.outcome': 'failed' },
  })
  const refused = spans().find(({ attributes }) => attributes['levin.outcome'] === 'refused')
  expect(refused?.attributes).toMatchObject({ 'levin.reason': expect.stringContaining('not admitted') })
  expect(JSON.stringify(refused?.attributes)).not.toContain(stranger.hotkey)
})

test('the trace goes on only where it may', async () => {
  const miner = newMiner()
  await tracing(miner)
  const validator = newValidator()
  await tracing(validator, { propagate: () => false })
  await validator.query(await listening(miner), Echo, {})
  await both('Echo')
  expect(find('Echo', SpanKind.SERVER).parentSpanContext).toBeUndefined()
})

test('it comes before listen, and needs its package', async () => {
  const miner = newMiner()
  await listening(miner)
  await expect(tracing(miner)).rejects.toMatchObject({ code: 'CONFIG' })
  vi.resetModules()
  vi.doMock('@opentelemetry/api', () => {
    throw new Error("Cannot find package '@opentelemetry/api'")
  })
  const fresh = await import('../../src/monitor/index.js')
  await expect(fresh.tracing(newMiner())).rejects.toMatchObject({
    code: 'CONFIG',
    message: "tracing needs the package '@opentelemetry/api': run npm install @opentelemetry/api",
  })
  vi.doUnmock('@opentelemetry/api')
})
