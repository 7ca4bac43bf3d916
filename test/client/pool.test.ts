/** The validator's pool over real sockets: sharing, mending, reconciling. */
import { describe, expect, test } from 'vitest'
import type { Axon, MinerConnectionEvent, Validator } from '../../src/index.js'
import { until } from '../support/frames.js'
import { signerOf } from '../support/hotkeys.js'
import { Count, Hang, newValidator, silentPort, startMiner, startMiners, Work } from '../support/subnet.js'
import { relayTo } from '../support/udp-relay.js'

const code = (code: string) => expect.objectContaining({ name: 'LevinError', code })
const task = { text: 'a', n: 1 }
const work = (validator: Validator, axon: Axon) => validator.query(axon, Work, task)

/** What a validator tells of its connections. */
function connections(validator: Validator): MinerConnectionEvent[] {
  const events: MinerConnectionEvent[] = []
  validator.on('connection', (event) => events.push(event))
  return events
}

describe('one connection', () => {
  test('is made by the first query, and serves all that follow', async () => {
    const { miner, axon } = await startMiner()
    const validator = newValidator()
    const events = connections(validator)
    await Promise.all(Array.from({ length: 20 }, () => work(validator, axon)))
    await work(validator, { ...axon })
    expect(miner.stats().handshakes.accepted).toBe(1)
    expect(validator.authenticated()).toEqual([axon.hotkey])
    expect(events).toMatchObject([{ state: 'authenticated', hotkey: axon.hotkey, port: axon.port }])
  })

  test('64 hotkeys at one address of which one is real: it answers, and the others are told from it', async () => {
    const real = await startMiner()
    const { host, port } = real.axon
    const axons = Array.from({ length: 64 }, (_, i) => ({ hotkey: signerOf(100 + i).hotkey, host, port }))
    axons[17] = real.axon
    const validator = newValidator()
    await validator.setMiners(axons)
    const outcomes = await validator.queryAll(axons, Work, task)
    expect(outcomes.map((outcome) => (outcome.ok ? 'ok' : outcome.code))).toEqual(
      axons.map((axon) => (axon === real.axon ? 'ok' : 'WRONG_PEER')),
    )
    expect(real.ran).toEqual(['a'])
    expect(real.miner.stats().connections.validators).toBe(1)
    expect(real.miner.stats().handshakes.accepted).toBe(1)
    expect(validator.stats().connections).toMatchObject({ connected: 1, idle: 0 })
    const states = Object.values(validator.stats().miners).map(({ state }) => state)
    expect(states.filter((state) => state === 'wrongPeer')).toHaveLength(63)
  })

  test('when none is real, no connection stays', async () => {
    const { miner, axon } = await startMiner()
    const axons = [1, 2, 3].map((i) => ({ ...axon, hotkey: signerOf(100 + i).hotkey }))
    const validator = newValidator()
    const outcomes = await validator.queryAll(axons, Work, task)
    expect(outcomes.map((outcome) => !outcome.ok && outcome.code)).toEqual(Array(3).fill('WRONG_PEER'))
    await until(() => miner.stats().connections.validators === 0 && miner.stats().connections.strangers === 0)
    expect(validator.stats().connections).toMatchObject({ connected: 0, backingOff: 1 })
    expect(miner.stats().handshakes.accepted).toBe(1)
  })

  test('as many as there may be: one that nobody uses makes room, one that is used does not', async () => {
    const [first, second, third] = await startMiners(3)
    const validator = newValidator({ maxConnections: 2 })
    await work(validator, first!.axon)
    const hanging = validator.query(second!.axon, Hang, task).catch(() => {})
    await until(() => second!.hanging.length === 1)
    await work(validator, third!.axon)
    expect(validator.authenticated()).toEqual([second!.axon.hotkey, third!.axon.hotkey])
    const alsoHanging = validator.query(third!.axon, Hang, task).catch(() => {})
    await expect(work(validator, first!.axon)).rejects.toEqual(code('LIMIT'))
    validator.close()
    await Promise.all([hanging, alsoHanging])
  })
})

describe('mending', () => {
  test('a connection that ended is made anew by the next query, and nothing is asked twice', async () => {
    const { miner, axon, ran } = await startMiner()
    const validator = newValidator({ reconnect: { firstMs: 10 } })
    await work(validator, axon)
    await miner.close()
    await until(() => validator.authenticated().length === 0)
    const again = await startMiner({ port: axon.port })
    await work(validator, axon)
    expect([ran, again.ran]).toEqual([['a'], ['a']])
  })

  test('an address that failed is left alone, and says why', async () => {
    const port = await silentPort()
    const axon = { hotkey: signerOf(1).hotkey, host: '127.0.0.1', port }
    const validator = newValidator({ connectTimeoutMs: 50 })
    const events = connections(validator)
    await expect(work(validator, axon)).rejects.toEqual(code('TIMED_OUT'))
    await expect(work(validator, axon)).rejects.toThrow(/not tried again for \d+ ms, after 1 failures/)
    expect(events).toMatchObject([{ state: 'failed', retryInMs: expect.any(Number) }])
    expect(validator.stats().miners[axon.hotkey]).toMatchObject({
      state: 'backingOff',
      attempts: 1,
      lastFailure: { code: 'TIMED_OUT' },
      calls: { running: 0, answered: 0, failed: { TIMED_OUT: 2 } },
    })
  })

  test('in the background, as an option', async () => {
    const { miner, axon } = await startMiner()
    const reconnect = { background: true, firstMs: 10, mostMs: 50, probeMs: 50 }
    const validator = newValidator({ reconnect, connectTimeoutMs: 100 })
    await work(validator, axon)
    await miner.close()
    await until(() => validator.authenticated().length === 0)
    await startMiner({ port: axon.port })
    await until(() => validator.authenticated().length === 1)
  })

  test('a way to the miner that changed is found again, and nothing is asked twice', async () => {
    const { miner, axon, ran } = await startMiner()
    const relay = await relayTo(axon.port)
    const validator = newValidator()
    const via = { ...axon, port: relay.port }
    const events = connections(validator)
    await validator.query(via, Work, { text: 'before', n: 1 })
    relay.move()
    await expect(validator.query(via, Work, { text: 'lost', n: 1 }, { timeoutMs: 3_000 })).rejects.toEqual(
      code('TIMED_OUT'),
    )
    await validator.query(via, Work, { text: 'after', n: 1 })
    expect(ran).toEqual(['before', 'after'])
    expect(miner.stats().handshakes.accepted).toBe(2)
    expect(events.map(({ state }) => state)).toEqual(['authenticated', 'closed', 'authenticated'])
    validator.close()
    relay.close()
  })

  test('calls that wait for a stream go with the connection that takes over: nothing was sent of them', async () => {
    const { miner, axon, hanging, ran } = await startMiner({ options: { maxStreams: 1 } })
    const relay = await relayTo(axon.port)
    // what asks for a sign of life here: nothing else is sent
    const validator = newValidator({ keepAliveMs: 1_000 })
    const via = { ...axon, port: relay.port }
    const running = validator.query(via, Hang, task).catch((error: unknown) => error)
    await until(() => hanging.length === 1)
    const waiting = validator.query(via, Work, { text: 'waited', n: 1 })
    const stream = validator.stream(via, Count, { text: 'a', n: 1 })
    const chunk = stream.next()
    relay.move()
    expect(await waiting).toMatchObject({ data: { text: 'WAITED' } })
    expect(await chunk).toMatchObject({ value: { n: 0 } })
    expect(ran).toEqual(['waited'])
    expect(miner.stats().handshakes.accepted).toBe(2)
    await stream.return?.()
    validator.close()
    expect(await running).toEqual(code('CONNECTION_LOST'))
    relay.close()
  })

  test('two validators of one hotkey do not throw each other out for ever', async () => {
    const { miner, axon } = await startMiner()
    const reconnect = { background: true, firstMs: 10, jitter: 0 }
    const first = newValidator({ reconnect })
    const second = newValidator({ reconnect })
    await work(first, axon)
    await work(second, axon)
    await until(() => first.authenticated().length === 0)
    await work(second, axon)
    expect(miner.stats().handshakes.accepted).toBe(2)
    expect(first.stats().miners[axon.hotkey]).toMatchObject({
      state: 'idle',
      lastFailure: { code: 'CONNECTION_LOST', message: expect.stringContaining('replaced') },
    })
  })
})

describe('setMiners', () => {
  test('connects what is new, closes what is gone or moved with the word for it, and leaves the rest', async () => {
    const [gone, moves, stays, added] = await startMiners(4)
    const validator = newValidator()
    const closed: string[] = []
    for (const { miner } of [gone!, moves!, stays!])
      miner.on('connection', ({ state, closed: info }) => state === 'closed' && closed.push(info!.reason))
    await validator.setMiners([gone!.axon, moves!.axon, stays!.axon])
    expect(validator.authenticated()).toHaveLength(3)
    expect(validator.miners()).toEqual([gone!.axon, moves!.axon, stays!.axon])

    const moved = await startMiner({ signer: signerOf(11) })
    await validator.setMiners([moved.axon, stays!.axon, added!.axon])
    expect(new Set(validator.authenticated())).toEqual(
      new Set([moved.axon.hotkey, stays!.axon.hotkey, added!.axon.hotkey]),
    )
    await until(() => closed.length === 2)
    expect(closed.sort()).toEqual(['miner_addr_changed', 'miner_deregistered'])
    expect(stays!.miner.stats().handshakes.accepted).toBe(1)
    expect(Object.keys(validator.stats().miners)).not.toContain(gone!.axon.hotkey)
    expect(new Set(validator.miners())).toEqual(new Set([moved.axon, stays!.axon, added!.axon]))
    // asked by what the caller still has in hand, at the address of the list
    await work(validator, moves!.axon)
    expect(moved.ran).toEqual(['a'])
  })

  test('a call that waits for a connection follows its miner to its new address', async () => {
    const { axon, ran } = await startMiner()
    const validator = newValidator()
    const old = { ...axon, port: await silentPort() }
    const waiting = work(validator, old)
    await validator.setMiners([axon])
    await waiting
    expect(ran).toEqual(['a'])
  })

  test('a call that waits for a miner that is gone ends at once', async () => {
    const validator = newValidator()
    const axon = { hotkey: signerOf(1).hotkey, host: '127.0.0.1', port: await silentPort() }
    const waiting = expect(work(validator, axon)).rejects.toEqual(code('ABORTED'))
    await validator.setMiners([])
    await waiting
    expect(validator.stats()).toEqual({
      connections: { connected: 0, connecting: 0, backingOff: 0, idle: 0 },
      miners: {},
    })
  })

  test('what cannot be reached is no error of it; what cannot be an axon is, and changes nothing', async () => {
    const { axon } = await startMiner()
    const dead = { hotkey: signerOf(2).hotkey, host: '127.0.0.1', port: await silentPort() }
    const validator = newValidator({ connectTimeoutMs: 50 })
    await validator.setMiners([axon, dead])
    expect(validator.authenticated()).toEqual([axon.hotkey])
    await expect(validator.setMiners([{ ...axon, host: 'localhost' }])).rejects.toEqual(code('CONFIG'))
    await expect(validator.setMiners([axon, { ...axon, port: 1 }])).rejects.toEqual(code('CONFIG'))
    expect(validator.authenticated()).toEqual([axon.hotkey])
  })

  test('list after list: nothing leaks, and nothing is closed that should stay', async () => {
    const miners = await startMiners(20)
    const validator = newValidator()
    const events = connections(validator)
    let before = new Set<string>()
    let made = 0
    for (let round = 0; round < 20; round++) {
      const axons = miners.filter((_, i) => (i + round) % 10 !== 0).map(({ axon }) => axon)
      await validator.setMiners(axons)
      const now = new Set(axons.map(({ hotkey }) => hotkey))
      made += [...now].filter((hotkey) => !before.has(hotkey)).length
      before = now
      expect(new Set(validator.authenticated())).toEqual(now)
      await until(() => miners.reduce((n, { miner }) => n + miner.stats().connections.validators, 0) === 18)
    }
    expect(events.map(({ state }) => state)).toEqual(Array(made).fill('authenticated'))
  })
})

test('after close nothing is asked, and nothing waits', async () => {
  const { axon } = await startMiner()
  const validator = newValidator()
  const dead = { ...axon, port: await silentPort() }
  const waiting = expect(work(validator, dead)).rejects.toEqual(code('ABORTED'))
  validator.close()
  await waiting
  await expect(work(validator, axon)).rejects.toEqual(code('CONFIG'))
  await expect(validator.stream(axon, Count, task).next()).rejects.toEqual(code('CONFIG'))
  await expect(validator.setMiners([axon])).rejects.toEqual(code('ABORTED'))
})
