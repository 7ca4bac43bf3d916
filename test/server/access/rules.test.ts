import { beforeEach, describe, expect, test, vi } from 'vitest'
import { type InMemoryMetagraph, inMemoryMetagraph } from '../../../src/metagraph/in-memory.js'
import { all } from '../../../src/server/access/all.js'
import { allowlist } from '../../../src/server/access/allowlist.js'
import { any } from '../../../src/server/access/any.js'
import { denylist } from '../../../src/server/access/denylist.js'
import { minStake } from '../../../src/server/access/min-stake.js'
import { isOpen, open } from '../../../src/server/access/open.js'
import { registered } from '../../../src/server/access/registered.js'
import {
  type AccessPolicy,
  type AccessRule,
  type Objection,
  ruleOf,
} from '../../../src/server/access/rule.js'
import { validatorPermit } from '../../../src/server/access/validator-permit.js'
import { neuronOf } from '../../metagraph/neurons.js'
import { signerOf } from '../../support/hotkeys.js'

const [first, second] = [signerOf(2).hotkey, signerOf(3).hotkey]
const remote = { host: '192.0.2.1', port: 50_000 }
const config = (text: string) =>
  expect.objectContaining({ name: 'LevinError', code: 'CONFIG', message: expect.stringContaining(text) })
const ask = async (rule: AccessRule, hotkey = first): Promise<Objection> => rule.objection({ hotkey, remote })

let source: InMemoryMetagraph

beforeEach(() => {
  source = inMemoryMetagraph([neuronOf(2, { stake: 12.5 })])
})

describe.each([
  ['allowlist', allowlist, undefined, 'not on the allowlist'],
  ['denylist', denylist, 'on the denylist', undefined],
] as const)('%s', (name, list, toListed, toOthers) => {
  test('keeps a copy, until others are set', async () => {
    const hotkeys = new Set([first])
    const rule = list(hotkeys)
    hotkeys.add(second)
    expect([await ask(rule, first), await ask(rule, second)]).toEqual([toListed, toOthers])
    rule.set([second])
    expect([await ask(rule, first), await ask(rule, second)]).toEqual([toOthers, toListed])
    rule.set([])
    expect([await ask(rule, first), await ask(rule, second)]).toEqual([toOthers, toOthers])
  })

  test('tells who listens that others were set', () => {
    const rule = list([first])
    const look = vi.fn()
    const end = rule.onChange?.(look)
    rule.set([second])
    expect(look).toHaveBeenCalledTimes(1)
    end?.()
    rule.set([first])
    expect(look).toHaveBeenCalledTimes(1)
  })

  test('its name says how many there are', () => {
    const rule = list([first, first, second])
    expect(rule.name).toBe(`${name}(2 hotkeys)`)
    rule.set([])
    expect(rule.name).toBe(`${name}(0 hotkeys)`)
  })

  test.each([
    ['not a hotkey'],
    [''],
    [first.slice(0, -1)],
    [`${first.slice(0, -1)}1`],
    [`0x${'02'.repeat(32)}`],
    [5],
    [undefined],
  ])('%j is named as no hotkey, and what was set stays', async (hotkey) => {
    const named = typeof hotkey === 'string' ? `'${hotkey}' is not a hotkey` : `${hotkey} is not a hotkey`
    expect(() => list([first, hotkey as string])).toThrow(config(named))
    const rule = list([first])
    expect(() => rule.set([second, hotkey as string])).toThrow(config(named))
    expect(await ask(rule, first)).toBe(toListed)
    expect(await ask(rule, second)).toBe(toOthers)
  })

  test.each([[first], [undefined], [null], [{}]])(
    '%j in place of a list is told what to write',
    (hotkeys) => {
      expect(() => list(hotkeys as never)).toThrow(config(`write ${name}([hotkey])`))
    },
  )
})

test('open can be told from a function that happens to admit everybody', () => {
  expect(isOpen(open())).toBe(true)
  expect(isOpen(() => true)).toBe(false)
  expect(isOpen(allowlist([]))).toBe(false)
})

describe('rules that read the metagraph', () => {
  test('object in plain words', async () => {
    expect(await ask(registered(source), second)).toBe('not registered')
    expect(await ask(validatorPermit(source))).toBe('uid 7 has no validator permit')
    expect(await ask(validatorPermit(source), second)).toBe('not registered')
    expect(await ask(minStake(1000, source))).toBe('stake 12.5 TAO is below 1000')
    expect(await ask(minStake(12.5, source))).toBeUndefined()
    expect(await ask(registered({ ...source, ageMs: () => undefined }))).toBe(
      'the metagraph is not known yet',
    )
  })

  test('trust the source up to an age, by default two hours, and then say how old it is', async () => {
    let age = 7_200_000
    const ageing = { ...source, ageMs: () => age }
    const [byDefault, sooner] = [registered(ageing), minStake(0, ageing, { maxAgeMs: 1000 })]
    expect(await ask(byDefault)).toBeUndefined()
    expect(await ask(sooner)).toBe('the metagraph is 7200 s old, and not trusted after 1 s')
    age = 7_200_001
    expect(await ask(byDefault)).toBe('the metagraph is 7201 s old, and not trusted after 7200 s')
    expect(byDefault.ageMs?.()).toBe(7_200_001)
    age = 1000
    expect(await ask(sooner)).toBeUndefined()
    age = 1001
    expect(await ask(sooner)).toContain('2 s old')
  })

  test('answer by what the source says now, and pass its changes on', async () => {
    const rules = [registered(source), validatorPermit(source), minStake(5, source)]
    const look = vi.fn()
    const ends = rules.map((rule) => rule.onChange?.(look))
    source.set([])
    expect(look).toHaveBeenCalledTimes(3)
    expect(await Promise.all(rules.map((rule) => ask(rule)))).toEqual(Array(3).fill('not registered'))
    for (const end of ends) end?.()
    source.set([neuronOf(2)])
    expect(look).toHaveBeenCalledTimes(3)
  })

  test('start and stop the source', async () => {
    const counted = { ...source, start: vi.fn(async () => {}), stop: vi.fn(async () => {}) }
    const rule = registered(counted)
    await rule.start?.()
    expect(counted.start).toHaveBeenCalledTimes(1)
    await rule.stop?.()
    expect(counted.stop).toHaveBeenCalledTimes(1)
  })

  test.each([
    ['registered', (given: never, options?: never) => registered(given, options)],
    ['validatorPermit', (given: never, options?: never) => validatorPermit(given, options)],
    ['minStake', (given: never, options?: never) => minStake(1, given, options)],
  ])('%s refuses what cannot work', (name, rule) => {
    expect(() => rule(undefined as never)).toThrow(config(`${name}: the source is missing`))
    expect(() => rule(source as never, { maxAge: 5 } as never)).toThrow(config("no option 'maxAge'"))
    for (const maxAgeMs of [0, 1.5, -1, Number.NaN, Infinity, '5', 2 ** 31]) {
      expect(() => rule(source as never, { maxAgeMs } as never)).toThrow(config('maxAgeMs is'))
    }
  })
})

describe('minStake', () => {
  test('takes another amount while it runs, and tells', async () => {
    const rule = minStake(1000, source)
    const look = vi.fn()
    const end = rule.onChange?.(look)
    expect(rule.name).toBe('minStake(1000)')
    rule.set(12.5)
    expect(look).toHaveBeenCalledTimes(1)
    expect(rule.name).toBe('minStake(12.5)')
    expect(await ask(rule)).toBeUndefined()
    end?.()
    rule.set(12.6)
    source.set([])
    expect(look).toHaveBeenCalledTimes(1)
  })

  describe('of one kind of stake', () => {
    const stakes = { stake: 140, alphaStake: 50, taoStake: 500 }

    beforeEach(() => {
      source = inMemoryMetagraph([neuronOf(2, stakes)])
    })

    test.each([
      ['total', 140],
      ['alpha', 50],
      ['tao', 500],
    ] as const)('%s', async (of, tao) => {
      expect(await ask(minStake(tao, source, { of }))).toBeUndefined()
      const kind = of === 'total' ? 'stake' : `${of} stake`
      expect(await ask(minStake(tao + 1, source, { of }))).toBe(`${kind} ${tao} TAO is below ${tao + 1}`)
    })

    test('is in the name, unless it is the total', () => {
      expect(minStake(5, source, { of: 'alpha' }).name).toBe('minStake(5, of alpha)')
      expect(minStake(5, source, { of: 'total' }).name).toBe('minStake(5)')
    })

    test('that the source does not know is an error at the start, and admits nobody', async () => {
      source.set([neuronOf(2)])
      const rule = minStake(0, source, { of: 'alpha' })
      await expect(rule.start?.()).rejects.toEqual(config('does not know the alpha stake'))
      await expect(ask(rule)).rejects.toEqual(config('does not know the alpha stake'))
      await minStake(0, source).start?.()
    })

    test('that there is not', () => {
      expect(() => minStake(5, source, { of: 'beta' as never })).toThrow(config("of is 'beta'"))
    })
  })

  test.each([-1, Number.NaN, Infinity, '5', undefined])('%j is no amount', async (tao) => {
    expect(() => minStake(tao as number, source)).toThrow(config('minStake: the stake is'))
    const rule = minStake(1000, source)
    expect(() => rule.set(tao as number)).toThrow(config('minStake: the stake is'))
    expect(await ask(rule)).toBe('stake 12.5 TAO is below 1000')
  })
})

describe('any and all', () => {
  const rule = (given: Partial<AccessRule> = {}): AccessRule => ({
    name: 'rule',
    objection: () => undefined,
    ...given,
  })

  test.each([
    ['any', any],
    ['all', all],
  ])('%s is named as it was written, as its parts are now', (name, combination) => {
    const stake = minStake(1000, source)
    const named = combination(allowlist([first]), all(stake, open()), function mine() {
      return true
    })
    stake.set(5)
    expect(named.name).toBe(`${name}(allowlist(1 hotkeys), all(minStake(5), open()), mine)`)
  })

  const fails: AccessPolicy = () => Promise.reject(new Error('no disk'))

  test('any says all objections', async () => {
    expect(await ask(any(allowlist([]), minStake(1000, source)))).toBe(
      'not on the allowlist; stake 12.5 TAO is below 1000',
    )
    expect(await ask(any())).toBe('any() of nothing admits nobody')
  })

  test('any cannot say while a part fails and none admits, nor all while none objects', async () => {
    await expect(ask(any(allowlist([]), fails))).rejects.toThrow('no disk')
    expect(await ask(any(fails, open()))).toBeUndefined()
    await expect(ask(all(fails, open()))).rejects.toThrow('no disk')
    expect(await ask(all(fails, allowlist([])))).toBe('not on the allowlist')
  })

  test('all says the first objection', async () => {
    const later = vi.fn(() => true)
    expect(await ask(all(open(), allowlist([]), later))).toBe('not on the allowlist')
    expect(later).not.toHaveBeenCalled()
    expect(await ask(all())).toBe('all() of nothing admits nobody')
  })

  test.each<[string, (...policies: AccessPolicy[]) => AccessRule, AccessPolicy, Objection]>([
    ['any: another that admits', any, open(), undefined],
    ['any: another that admits later', any, async () => true, undefined],
    ['all: another that objects', all, allowlist([]), 'not on the allowlist'],
    ['all: another that objects later', all, async () => false, 'a function said no'],
  ])('a part that hangs does not keep the others from deciding, %s', async (_, combination, other, said) => {
    const hangs = () => new Promise<boolean>(() => {})
    expect(await ask(combination(hangs, other))).toBe(said)
    expect(await ask(combination(other, hangs))).toBe(said)
  })

  test('any asks no further than the first that admits', async () => {
    const later = vi.fn(() => true)
    expect(await ask(any(open(), later))).toBeUndefined()
    expect(later).not.toHaveBeenCalled()
  })

  test('pass changes of every part on, of one that is there twice once', () => {
    const list = allowlist([first])
    const combined = any(list, all(list, registered(source)), () => false)
    const look = vi.fn()
    const end = combined.onChange?.(look)
    list.set([])
    expect(look).toHaveBeenCalledTimes(1)
    source.set([])
    expect(look).toHaveBeenCalledTimes(2)
    end?.()
    list.set([first])
    source.set([neuronOf(2)])
    expect(look).toHaveBeenCalledTimes(2)
  })

  test('are as old as their oldest part', () => {
    expect(any(open(), allowlist([])).ageMs?.()).toBeUndefined()
    const parts = [5, undefined, 7, 6].map((age) => rule({ ageMs: () => age }))
    expect(all(open(), ...parts).ageMs?.()).toBe(7)
  })

  test('start and stop a part once, however often it is used', async () => {
    const part = rule({ start: vi.fn(), stop: vi.fn() })
    const combined = all(part, any(part, allowlist([])), any(all(part)))
    await combined.start?.()
    expect(part.start).toHaveBeenCalledTimes(1)
    await combined.stop?.()
    expect(part.stop).toHaveBeenCalledTimes(1)
  })

  test('when a part cannot start, those that could are stopped, and why is told', async () => {
    const good = rule({ start: vi.fn(), stop: vi.fn() })
    const bad = rule({
      start: () => {
        throw new Error('no file')
      },
      stop: vi.fn(),
    })
    await expect(any(good, bad).start?.()).rejects.toThrow('no file')
    expect(good.stop).toHaveBeenCalledTimes(1)
    expect(bad.stop).not.toHaveBeenCalled()
  })

  test('a part that cannot stop keeps no other from stopping', async () => {
    const bad = rule({ stop: () => Promise.reject(new Error('stuck')) })
    const good = rule({ stop: vi.fn() })
    const combined = all(bad, good)
    await combined.start?.()
    await expect(combined.stop?.()).rejects.toThrow('stuck')
    expect(good.stop).toHaveBeenCalledTimes(1)
  })

  test.each([undefined, null, 'allowlist', [() => true], {}])('%j is no policy', (policy) => {
    expect(() => any(open(), policy as never)).toThrow(config('is no access policy'))
    expect(() => all(policy as never)).toThrow(config('is no access policy'))
  })
})

describe('ruleOf', () => {
  test('leaves a rule as it is', () => expect(ruleOf(open())).toBe(open()))

  test('names a function, and says that it said no', async () => {
    const friends: AccessPolicy = () => false
    expect(ruleOf(friends).name).toBe('friends')
    expect(await ask(ruleOf(friends))).toBe('friends said no')
    expect(await ask(ruleOf(() => false))).toBe('a function said no')
  })
})
