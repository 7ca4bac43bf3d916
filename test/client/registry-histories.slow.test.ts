/** Reconnecting and reconciling against a model, in random histories. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type MinerAddress, Registry } from '../../src/client/registry.js'
import { LevinError } from '../../src/index.js'
import { axon, code, idle, refused, registry, told } from './registries.js'

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
