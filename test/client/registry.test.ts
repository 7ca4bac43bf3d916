/** Reconnecting and reconciling under a clock that is moved by hand, and against a model in random histories. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Closing, type MinerAddress, Registry } from '../../src/client/registry.js'
import { type Axon, LevinError } from '../../src/index.js'

const reconnecting = {
  firstMs: 1000,
  mostMs: 60_000,
  fastTries: 5,
  probeMs: 60_000,
  jitter: 0.2,
  background: false,
}
const registry = (maxConnections = 1024) => new Registry({ reconnecting, maxConnections })
const axon = (hotkey: string, port = 1): Axon => ({ hotkey, host: '192.0.2.1', port })
const idle = () => false
const refused = new LevinError('HANDSHAKE_REFUSED', 'refused')
const code = (code: string) => expect.objectContaining({ code })

/** A connection to `hotkey`, which proved itself. */
function connected(to: Registry, wanted: Axon, nowMs = 0): MinerAddress {
  const { miner } = to.want(wanted)
  expect(to.verdict(miner, nowMs)).toBe('dial')
  to.dial(miner.address, idle)
  to.proved(miner.address, wanted.hotkey, 'quic')
  return miner.address
}
const told = (closings: readonly Closing[]) => closings.map(({ address, reason }) => [address.port, reason])

describe('asking', () => {
  test('dials once, lets others wait, and is then ready', () => {
    const known = registry()
    const { miner } = known.want(axon('a'))
    expect(known.verdict(miner, 0)).toBe('dial')
    known.dial(miner.address, idle)
    expect(known.verdict(miner, 0)).toBe('wait')
    expect(() => known.dial(miner.address, idle)).toThrow('connecting')
    known.proved(miner.address, 'a', 'quic')
    expect(known.verdict(miner, 0)).toBe('ready')
  })

  test('after a failure, its code is told until the wait is over', () => {
    const known = registry()
    const { miner } = known.want(axon('a'))
    known.dial(miner.address, idle)
    known.failed(miner.address, refused, 0, 0)
    expect(known.verdict(miner, 999)).toEqual(code('HANDSHAKE_REFUSED'))
    expect((known.verdict(miner, 999) as LevinError).message).toContain('for 1 ms, after 1 failures')
    expect(known.verdict(miner, 1000)).toBe('dial')
  })

  test('a connection that is lost is dialled again by the next query', () => {
    const known = registry()
    const address = connected(known, axon('a'))
    known.lost(address, new LevinError('CONNECTION_LOST', 'reset'))
    expect(known.verdict(known.miners.get('a')!, 0)).toBe('dial')
  })

  test('of several hotkeys at one address, the one that answered is ready and the others are wrong', () => {
    const known = registry()
    connected(known, axon('a'))
    const { miner } = known.want(axon('b'))
    expect(known.verdict(miner, 0)).toEqual(code('WRONG_PEER'))
    expect(known.verdict(known.miners.get('a')!, 0)).toBe('ready')
    expect(known.connections).toBe(1)
  })

  test('who is on no list is asked where the axon says, and moves with it', () => {
    const known = registry()
    connected(known, axon('a', 1))
    const { miner, closings } = known.want(axon('a', 2))
    expect(told(closings)).toEqual([[1, 'miner_addr_changed']])
    expect(known.verdict(miner, 0)).toBe('dial')
  })

  test('who is on the list is asked where the list says', () => {
    const known = registry()
    known.reconcile([axon('a', 1)])
    expect(known.want(axon('a', 2)).miner.axon.port).toBe(1)
  })
})

describe('reconciling', () => {
  test('who is gone is closed, who moved is closed with another word, who stays is left alone', () => {
    const known = registry()
    for (const [hotkey, port] of [
      ['gone', 1],
      ['moved', 2],
      ['stays', 3],
    ] as const)
      connected(known, axon(hotkey, port))
    const { closings, gone } = known.reconcile([axon('moved', 4), axon('stays', 3), axon('new', 5)])
    expect(told(closings)).toEqual([
      [1, 'miner_deregistered'],
      [2, 'miner_addr_changed'],
    ])
    expect(gone).toEqual(['gone'])
    expect(known.verdict(known.miners.get('stays')!, 0)).toBe('ready')
    expect(known.verdict(known.miners.get('moved')!, 0)).toBe('dial')
    expect(known.verdict(known.miners.get('new')!, 0)).toBe('dial')
  })

  test('a connection stays while the hotkey that proved itself on it does', () => {
    const known = registry()
    connected(known, axon('a'))
    known.want(axon('b'))
    expect(told(known.reconcile([axon('a')]).closings)).toEqual([])
    known.reconcile([axon('a'), axon('b')])
    expect(told(known.reconcile([axon('b')]).closings)).toEqual([[1, 'miner_deregistered']])
    expect(known.verdict(known.miners.get('b')!, 0)).toBe('dial')
  })

  test('every address may be tried at once', () => {
    const known = registry()
    const { miner } = known.want(axon('a'))
    known.dial(miner.address, idle)
    known.failed(miner.address, refused, 0, 0)
    known.reconcile([axon('a')])
    expect(known.verdict(known.miners.get('a')!, 0)).toBe('dial')
  })

  test('one hotkey at two addresses is an error, and changes nothing', () => {
    const known = registry()
    connected(known, axon('a'))
    expect(() => known.reconcile([axon('b', 1), axon('b', 2)])).toThrow(code('CONFIG'))
    expect([...known.miners.keys()]).toEqual(['a'])
    expect(() => known.reconcile([axon('b', 2), axon('b', 2)])).not.toThrow()
  })

  test('so many addresses as there may be connections, and none more', () => {
    const known = registry(2)
    known.reconcile([axon('a', 1), axon('b', 2), axon('c', 2)])
    expect(() => known.reconcile([axon('a', 1), axon('b', 2), axon('c', 3)])).toThrow(code('LIMIT'))
    expect(known.miners.size).toBe(3)
  })
})

describe('the most connections', () => {
  test('what no list names, nobody uses, and was used least lately makes room', () => {
    const known = registry(3)
    const first = connected(known, axon('a', 1), 0)
    connected(known, axon('b', 2), 1)
    connected(known, axon('c', 3), 2)
    const { miner } = known.want(axon('d', 4))
    const { closings, gone } = known.dial(miner.address, (address) => address === first)
    expect(told(closings)).toEqual([[2, 'client_shutdown']])
    expect(gone).toEqual(['b'])
    expect(known.connections).toBe(3)
  })

  test('without one that can go, the limit is the answer', () => {
    const known = registry(1)
    known.reconcile([axon('a', 1)])
    known.dial(known.miners.get('a')!.address, idle)
    const { miner } = known.want(axon('b', 2))
    expect(() => known.dial(miner.address, idle)).toThrow(code('LIMIT'))
    expect(miner.address.phase).toBe('idle')
  })
})

/** What a registry must be, told in a simpler way: a map of who is where, and what became of each address. */
interface Model {
  nowMs: number
  readonly where: Map<string, number>
  readonly listed: Set<string>
  readonly live: Map<number, 'connecting' | { proven: string }>
  readonly failures: Map<number, { count: number; dueMs: number }>
}

const MOST = 4
const HOTKEYS = ['a', 'b', 'c', 'd', 'e', 'f']
const addressAt = (real: Registry, port: number) => [...real.addresses].find((one) => one.port === port)

/** Everything that must hold after each step. */
function check(model: Model, real: Registry): void {
  expect(
    new Map(
      [...real.miners].map(
        ([
          hotkey,
          {
            axon: { port },
          },
        ]) => [hotkey, port],
      ),
    ),
  ).toEqual(model.where)
  for (const address of real.addresses) {
    const live = model.live.get(address.port)
    expect(address.phase).toBe(live === undefined ? 'idle' : live === 'connecting' ? live : 'connected')
    expect(address.proven).toBe(typeof live === 'object' ? live.proven : undefined)
    expect(address.hotkeys).toEqual(
      new Set([...model.where].filter(([, port]) => port === address.port).map(([hotkey]) => hotkey)),
    )
    expect(address.hotkeys.size).toBeGreaterThan(0)
    if (address.proven !== undefined) expect(address.hotkeys).toContain(address.proven)
  }
  expect(real.connections).toBe(model.live.size)
  expect(real.connections).toBeLessThanOrEqual(MOST)
}

/** A hotkey leaves its port: the reason with which the connection there ends, if it does. */
function leave(model: Model, hotkey: string, reason: string): [number, string][] {
  const port = model.where.get(hotkey)!
  model.where.delete(hotkey)
  model.listed.delete(hotkey)
  const isEmpty = ![...model.where.values()].includes(port)
  const live = model.live.get(port)
  if (isEmpty) model.failures.delete(port)
  if (live === undefined || !(isEmpty || (typeof live === 'object' && live.proven === hotkey))) return []
  model.live.delete(port)
  model.failures.delete(port)
  return [[port, reason]]
}

function move(model: Model, hotkey: string, port: number): [number, string][] {
  const before = model.where.get(hotkey)
  const closed = before === undefined || before === port ? [] : leave(model, hotkey, 'miner_addr_changed')
  model.where.set(hotkey, port)
  return closed
}

class SetMiners implements fc.Command<Model, Registry> {
  constructor(readonly list: ReadonlyMap<string, number>) {}
  check = () => new Set(this.list.values()).size <= MOST
  run(model: Model, real: Registry): void {
    const expected: [number, string][] = []
    for (const hotkey of [...model.where.keys()])
      if (!this.list.has(hotkey)) expected.push(...leave(model, hotkey, 'miner_deregistered'))
    for (const [hotkey, port] of this.list) {
      expected.push(...move(model, hotkey, port))
      model.listed.add(hotkey)
    }
    model.failures.clear()
    const { closings } = real.reconcile([...this.list].map(([hotkey, port]) => axon(hotkey, port)))
    expect(told(closings)).toEqual(expected)
    check(model, real)
  }
  toString = () => `setMiners(${JSON.stringify([...this.list])})`
}

class Ask implements fc.Command<Model, Registry> {
  constructor(
    readonly hotkey: string,
    readonly port: number,
  ) {}
  check = () => true
  run(model: Model, real: Registry): void {
    const expected = model.listed.has(this.hotkey) ? [] : move(model, this.hotkey, this.port)
    const { miner, closings } = real.want(axon(this.hotkey, this.port))
    expect(told(closings)).toEqual(expected)
    const port = model.where.get(this.hotkey)!
    const live = model.live.get(port)
    const verdict = real.verdict(miner, model.nowMs)
    if (live === 'connecting') expect(verdict).toBe('wait')
    else if (live !== undefined)
      expect(verdict).toEqual(live.proven === this.hotkey ? 'ready' : code('WRONG_PEER'))
    else if ((model.failures.get(port)?.dueMs ?? 0) > model.nowMs)
      expect(verdict).toEqual(code('HANDSHAKE_REFUSED'))
    else {
      expect(verdict).toBe('dial')
      this.#dial(model, real, miner.address)
    }
    check(model, real)
  }
  #dial(model: Model, real: Registry, address: MinerAddress): void {
    const canGo = [...model.live].some(
      ([port, live]) =>
        live !== 'connecting' &&
        ![...model.where].some(([hotkey, at]) => at === port && model.listed.has(hotkey)),
    )
    if (model.live.size === MOST && !canGo) {
      expect(() => real.dial(address, idle)).toThrow(code('LIMIT'))
      return
    }
    const { closings, gone } = real.dial(address, idle)
    expect(closings).toHaveLength(model.live.size === MOST ? 1 : 0)
    for (const hotkey of gone) leave(model, hotkey, 'client_shutdown')
    model.live.set(address.port, 'connecting')
  }
  toString = () => `ask(${this.hotkey} at ${this.port})`
}

class Prove implements fc.Command<Model, Registry> {
  constructor(
    readonly port: number,
    readonly pick: number,
  ) {}
  check = (model: Readonly<Model>) => model.live.get(this.port) === 'connecting'
  run(model: Model, real: Registry): void {
    const address = addressAt(real, this.port)!
    const proven = [...address.hotkeys][this.pick % address.hotkeys.size]!
    real.proved(address, proven, 'quic')
    model.live.set(this.port, { proven })
    model.failures.delete(this.port)
    check(model, real)
  }
  toString = () => `proved(${this.port})`
}

class Fail implements fc.Command<Model, Registry> {
  constructor(readonly port: number) {}
  check = (model: Readonly<Model>) => model.live.get(this.port) === 'connecting'
  run(model: Model, real: Registry): void {
    real.failed(addressAt(real, this.port)!, refused, model.nowMs, 0)
    model.live.delete(this.port)
    const count = (model.failures.get(this.port)?.count ?? 0) + 1
    const wait = count > 5 ? 60_000 : 1000 * 2 ** (count - 1)
    model.failures.set(this.port, { count, dueMs: model.nowMs + wait })
    check(model, real)
  }
  toString = () => `failed(${this.port})`
}

class Lose implements fc.Command<Model, Registry> {
  constructor(readonly port: number) {}
  check = (model: Readonly<Model>) => typeof model.live.get(this.port) === 'object'
  run(model: Model, real: Registry): void {
    real.lost(addressAt(real, this.port)!, new LevinError('CONNECTION_LOST', 'lost'))
    model.live.delete(this.port)
    check(model, real)
  }
  toString = () => `lost(${this.port})`
}

class Wait implements fc.Command<Model, Registry> {
  constructor(readonly ms: number) {}
  check = () => true
  run(model: Model): void {
    model.nowMs += this.ms
  }
  toString = () => `wait(${this.ms})`
}

const hotkeys = fc.constantFrom(...HOTKEYS)
const ports = fc.integer({ min: 1, max: 6 })
const commands = [
  fc.array(fc.tuple(hotkeys, ports), { maxLength: 6 }).map((list) => new SetMiners(new Map(list))),
  fc.tuple(hotkeys, ports).map(([hotkey, port]) => new Ask(hotkey, port)),
  fc.tuple(hotkeys, ports).map(([hotkey, port]) => new Ask(hotkey, port)),
  fc.tuple(ports, fc.nat(5)).map(([port, pick]) => new Prove(port, pick)),
  ports.map((port) => new Fail(port)),
  ports.map((port) => new Lose(port)),
  fc.constantFrom(1, 999, 1000, 60_000).map((ms) => new Wait(ms)),
]

test('10,000 random histories agree with the model', () => {
  const seed = process.env.LEVIN_SEED
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 40 }), (history) => {
      const model: Model = {
        nowMs: 0,
        where: new Map(),
        listed: new Set(),
        live: new Map(),
        failures: new Map(),
      }
      fc.modelRun(() => ({ model, real: registry(MOST) }), history)
    }),
    { numRuns: 10_000, ...(seed !== undefined && { seed: Number(seed) }) },
  )
})
