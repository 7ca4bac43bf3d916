import { IsInt } from 'class-validator'
import { expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { allowlist, type Call } from '../../src/index.js'
import { refuse } from '../../src/server/policy/refuse.js'
import { type CallEvent, newTally } from '../../src/server/watch.js'
import { turn, until } from '../support/frames.js'
import { signerOf, validatorSigner } from '../support/hotkeys.js'
import { handler, ServedMiner } from '../support/served-miner.js'

class Question {
  @IsInt() n!: number
}
const Ask = synapse('ask', { request: Question })
const Chunks = synapse('chunks', { stream: true })

function counting() {
  const calls: Call[] = []
  const events: CallEvent[] = []
  const coded = Object.assign(new Error('out of stock'), { code: 'NO_STOCK' })
  const miner = new ServedMiner(
    [
      handler(Ask, async ({ n }, call) => {
        calls.push(call)
        if (n === 1) throw coded
        if (n === 2) await new Promise(() => {})
        return { n }
      }),
      handler(Chunks, async function* () {
        yield Buffer.from('a')
      }),
    ],
    { access: allowlist([validatorSigner.hotkey]) },
    [
      function turnstile(call, next) {
        if (call.body.n === 3) throw refuse('not you')
        return next()
      },
    ],
  )
  miner.observers.on('call', (event) => events.push(event))
  return { miner, events, calls, coded }
}

test('counts calls by synapse and outcome, and tells each', async () => {
  const { miner, events, calls, coded } = counting()
  const peer = await miner.authenticated()
  await peer.answers('ask', { n: 0 })
  const failed = await peer.answer('ask', { n: 1 })
  await peer.answers('ask', { n: 'text' })
  await peer.answers('ask', { n: 3 })
  await peer.answers('chunks')
  await peer.answers('nothing')
  peer.ask('ask', { n: 2 })
  await until(() => calls.length === 3)
  expect(miner.service.stats(undefined).calls.ask).toMatchObject({ running: 1 })
  miner.clock.advance(30_000)
  await turn()
  peer.ask('ask', { n: 2 }).stream.reset()
  await turn()

  const stats = miner.service.stats(undefined)
  expect(stats.calls.ask).toMatchObject({ answered: 1, failed: 1, invalid: 1, refused: 1 })
  expect(stats.calls.chunks).toMatchObject({ answered: 1, running: 0 })
  expect(stats.unrecognized).toBe(1)
  expect(events.map(({ outcome }) => outcome).slice(0, 5)).toEqual([
    'answered',
    'failed',
    'invalid',
    'refused',
    'answered',
  ])
  // The caller of the one that failed reads the id that the event and the log have, and not the handler's words.
  expect(events[1]).toMatchObject({ error: coded, synapse: 'ask', caller: validatorSigner.hotkey })
  expect(failed).toMatchObject({ error: 'request processing failed', data: { id: events[1]!.id } })
  expect(JSON.stringify(failed)).not.toContain('stock')
  expect(miner.log.at('error')[0]?.fields).toMatchObject({ call: events[1]!.id, error: coded })
})

test('a call counts when it is settled, and runs until its handler is done', async () => {
  const proceed: (() => void)[] = []
  const Deaf = synapse('deaf', {})
  const miner = new ServedMiner([
    handler(Deaf, () => new Promise((resolve) => proceed.push(() => resolve({})))),
  ])
  const tally = () => miner.service.stats(undefined).calls.deaf
  const events: CallEvent[] = []
  miner.observers.on('call', (event) => events.push(event))
  const peer = await miner.authenticated()

  const late = peer.ask('deaf')
  await until(() => proceed.length === 1)
  miner.clock.advance(30_000)
  expect(await late.done).toMatchObject([{ error: 'handler timed out' }])
  expect(tally()).toMatchObject({ running: 1, timedOut: 1 })
  expect(events).toMatchObject([
    { outcome: 'timedOut', durationMs: 30_000, error: { message: expect.stringContaining('30000 ms') } },
  ])

  peer.ask('deaf')
  await until(() => proceed.length === 2)
  miner.service.dispatcher.cancelAll('the miner is stopping')
  expect(tally()).toMatchObject({ running: 2, timedOut: 1, aborted: 1 })
  expect(events.slice(1)).toMatchObject([{ outcome: 'aborted', error: undefined }])

  for (const go of proceed) go()
  await miner.service.dispatcher.idle()
  expect(tally()).toEqual({ ...newTally(), timedOut: 1, aborted: 1 })
  expect(events).toHaveLength(2)
})

test('the callers of what is refused, invalid or too slow read no id, and the log has it at its default level', async () => {
  const { miner, events } = counting()
  const peer = await miner.authenticated()
  const failure = (error: string) => ({ success: false, data: {}, error })
  expect(await peer.answer('ask', { n: 3 })).toMatchObject(failure('request processing failed'))
  expect(await peer.answer('ask', { n: 'text' })).toMatchObject(failure('invalid request format'))
  const slow = peer.answer('ask', { n: 2 })
  await turn()
  miner.clock.advance(30_000)
  expect(await slow).toEqual({
    ...failure('handler timed out'),
    type: 'SynapseResponse',
    timestamp: expect.any(Number),
  })
  const [refused, invalid] = events
  const who = { caller: validatorSigner.hotkey, synapse: 'ask' }
  const told = miner.log.at('info').filter(({ message }) => message.startsWith('refused'))
  expect(told).toMatchObject([
    { message: 'refused a request', fields: { ...who, call: refused!.id, reason: 'not you' } },
    {
      message: 'refused an invalid request',
      fields: { ...who, call: invalid!.id, reason: expect.stringContaining('n must be an integer') },
    },
  ])
})

test('refusals are a line when they begin, and then a number a minute, by synapse and outcome', async () => {
  const { miner, events } = counting()
  const peer = await miner.authenticated()
  for (let n = 0; n < 100; n++) await peer.answer('ask', { n: 3 })
  await peer.answer('ask', { n: 'text' })
  await peer.answer('chunks', { n: 3 })
  const told = () => miner.log.lines.filter(({ message }) => message.startsWith('refused'))
  expect(told()).toHaveLength(3)
  miner.clock.advance(60_000)
  expect(told().slice(3)).toMatchObject([
    {
      level: 'info',
      message: "refused a request of 'ask': 99 more within a minute",
      fields: { latest: { call: events[99]!.id, reason: 'not you' } },
    },
  ])
  expect(miner.log.at('error')).toEqual([])
})

test('counts handshakes by outcome, and connections by state', async () => {
  const { miner } = counting()
  await miner.authenticated()
  const stranger = miner.connect()
  await stranger.handshake({ signer: signerOf(9) })
  await stranger.handshake({ fields: { signature: '' } })
  expect(miner.service.stats(undefined)).toMatchObject({
    connections: { halfOpen: 0, strangers: 1, validators: 1 },
    handshakes: { accepted: 1, refused: { 'not admitted': 1, 'malformed signature': 1 } },
    access: { ageMs: undefined },
    network: undefined,
  })
})

test('is a snapshot, and JSON', async () => {
  const { miner } = counting()
  const before = miner.service.stats(undefined)
  await (await miner.authenticated()).answers('ask', { n: 0 })
  expect(before).toMatchObject({ handshakes: { accepted: 0 }, calls: { ask: { answered: 0 } } })
  expect(JSON.parse(JSON.stringify(before))).toMatchObject({ calls: { ask: { answered: 0 } } })
})

test('a listener that throws harms nothing, and one that was taken away hears nothing', async () => {
  const { miner, events } = counting()
  miner.observers.on('call', () => {
    throw new Error('listener')
  })
  const off = miner.observers.on('call', () => events.push(events[0]!))
  off()
  const peer = await miner.authenticated()
  expect(await peer.answer('ask', { n: 0 })).toMatchObject({ success: true })
  await turn()
  expect(events).toHaveLength(1)
  expect(miner.log.at('error')).toMatchObject([{ message: "a listener for 'call' threw" }])
})

test('a listener that throws is told of once: strangers cause events as often as they like', async () => {
  const { miner } = counting()
  miner.observers.on('handshake', () => {
    throw new Error('the database is away')
  })
  for (let i = 0; i < 100; i++) await miner.connect().handshake({ fields: { timestamp: 0 } })
  expect(miner.log.at('error')).toHaveLength(1)
  miner.clock.advance(60_000)
  expect(miner.log.at('error').slice(1)).toMatchObject([
    { message: "a listener for 'handshake' threw: 99 more within a minute" },
  ])
})

test('a listener that rejects later harms nothing either', async () => {
  const { miner } = counting()
  miner.observers.on('handshake', async () => {
    await turn()
    throw new Error('the database is away')
  })
  await miner.authenticated()
  await turn()
  await turn()
  expect(miner.log.at('error')).toMatchObject([{ message: "a listener for 'handshake' threw" }])
})
