/** Who comes in, by every policy: one row each, one column for each kind of applicant. */
import { describe, expect, test } from 'vitest'
import { inMemoryMetagraph } from '../../../src/metagraph/in-memory.js'
import type { MetagraphSource } from '../../../src/metagraph/source.js'
import { all } from '../../../src/server/access/all.js'
import { allowlist } from '../../../src/server/access/allowlist.js'
import { any } from '../../../src/server/access/any.js'
import { denylist } from '../../../src/server/access/denylist.js'
import { minStake } from '../../../src/server/access/min-stake.js'
import { open } from '../../../src/server/access/open.js'
import { registered } from '../../../src/server/access/registered.js'
import { type AccessPolicy, type AccessRule, ruleOf } from '../../../src/server/access/rule.js'
import { validatorPermit } from '../../../src/server/access/validator-permit.js'
import { neuronOf } from '../../metagraph/neurons.js'
import { signerOf } from '../../support/hotkeys.js'

const WHO = ['unknown', 'poor', 'rich', 'permitted', 'permittedRich', 'gone', 'denied'] as const
type Who = (typeof WHO)[number]
const hotkeys = Object.fromEntries(WHO.map((who, index) => [who, signerOf(index + 2).hotkey])) as Record<
  Who,
  string
>

const neurons = [
  neuronOf(3, { uid: 1, stake: 12.5 }),
  neuronOf(4, { uid: 2, stake: 1000 }),
  neuronOf(5, { uid: 3, stake: 999.9, validatorPermit: true }),
  neuronOf(6, { uid: 4, stake: 5000, validatorPermit: true }),
  neuronOf(8, { uid: 6, stake: 5000, validatorPermit: true }),
]
const source = inMemoryMetagraph([...neurons, neuronOf(7, { uid: 5, stake: 5000, validatorPermit: true })])
source.set(neurons) // who is gone was there a moment ago

/** A source that never had data, one whose data is older than two hours, and ones that fail. */
const ageing = (age: () => number | undefined): MetagraphSource => ({ ...source, ageMs: age })
const unknownYet = ageing(() => undefined)
const old = ageing(() => 7_200_001)
const senseless = ageing(() => Number.NaN)
const broken = ageing(() => {
  throw new Error('the disk is gone')
})

const no: AccessPolicy = () => false
const throws: AccessPolicy = () => {
  throw new Error('mine')
}
const rejects: AccessPolicy = () => Promise.reject(new Error('mine'))
const admitsRich: AccessPolicy = async ({ hotkey }) => hotkey === hotkeys.rich

const everybody = [...WHO]
const exceptDenied = WHO.filter((who) => who !== 'denied')
const members: Who[] = ['poor', 'rich', 'permitted', 'permittedRich', 'denied']
const rich: Who[] = ['rich', 'permittedRich', 'denied']
const permitted: Who[] = ['permitted', 'permittedRich', 'denied']
const denied = denylist([hotkeys.denied])

const rows: [written: string, policy: AccessPolicy, admitted: readonly Who[]][] = [
  ['open()', open(), everybody],
  ['allowlist([poor])', allowlist([hotkeys.poor]), ['poor']],
  ['allowlist([])', allowlist([]), []],
  ['denylist([denied])', denied, exceptDenied],
  ['denylist([])', denylist([]), everybody],
  ['registered(source)', registered(source), members],
  ['validatorPermit(source)', validatorPermit(source), permitted],
  ['minStake(1000, source)', minStake(1000, source), rich],
  ['minStake(0, source)', minStake(0, source), members],
  ['a function that answers later', admitsRich, ['rich']],
  ['a function that answers nothing', (() => undefined) as unknown as AccessPolicy, []],
  ['a function that answers 1', (() => 1) as unknown as AccessPolicy, []],
  ['a function that was not called', open as unknown as AccessPolicy, []],

  ['any()', any(), []],
  ['all()', all(), []],
  ['any(no, permit)', any(no, validatorPermit(source)), permitted],
  ['any(allowlist, function)', any(allowlist([hotkeys.gone]), admitsRich), ['gone', 'rich']],
  ['any(throws, rejects, allowlist)', any(throws, rejects, allowlist([hotkeys.poor])), ['poor']],
  ['any(throws)', any(throws), []],
  ['all(permit, stake)', all(validatorPermit(source), minStake(1000, source)), ['permittedRich', 'denied']],
  [
    'all(denylist, permit, stake)',
    all(denied, validatorPermit(source), minStake(1000, source)),
    ['permittedRich'],
  ],
  ['all(open, denylist)', all(open(), denied), exceptDenied],
  [
    'any(allowlist, all(denylist, permit))',
    any(allowlist([hotkeys.unknown]), all(denied, validatorPermit(source))),
    ['unknown', 'permitted', 'permittedRich'],
  ],
  ['all(any(a, b), c)', all(any(allowlist([hotkeys.poor]), admitsRich), minStake(1000, source)), ['rich']],

  ['registered: nothing known yet', registered(unknownYet), []],
  ['registered: too old', registered(old), []],
  ['registered: old enough to be trusted', registered(old, { maxAgeMs: 7_200_001 }), members],
  ['registered: an age that is none', registered(senseless), []],
  ['validatorPermit: too old', validatorPermit(old), []],
  ['minStake: too old', minStake(0, old), []],
  ['any(too old, allowlist)', any(registered(old), registered(broken), allowlist([hotkeys.poor])), ['poor']],
  ['all(open, too old)', all(open(), registered(old)), []],
  ['registered: of an empty subnet', registered(inMemoryMetagraph([])), []],
]

/** As AccessControl does: who fails admits nobody. */
async function admits(rule: AccessRule, who: Who): Promise<boolean> {
  try {
    const remote = { host: '192.0.2.1', port: 50_000 }
    return (await rule.objection({ hotkey: hotkeys[who], remote })) === undefined
  } catch {
    return false
  }
}

const admittedBy = async (policy: AccessPolicy): Promise<Who[]> => {
  const rule = ruleOf(policy)
  const answers = await Promise.all(WHO.map((who) => admits(rule, who)))
  return WHO.filter((_, index) => answers[index])
}

describe.each(rows)('%s', (_, policy, admitted) => {
  test(`admits ${admitted.join(', ') || 'nobody'}`, async () => {
    expect(new Set(await admittedBy(policy))).toEqual(new Set(admitted))
  })
})

describe('who fails', () => {
  const failing: [string, AccessPolicy][] = [
    ['throws', throws],
    ['rejects', rejects],
    ['reads a source that throws', registered(broken)],
    ['all(open(), throws)', all(open(), throws)],
    ['all(open(), rejects)', all(open(), rejects)],
    ['all(open(), a source that throws)', all(open(), minStake(0, broken))],
  ]
  test.each(failing)('%s: nobody is admitted', async (_, policy) => {
    expect(await admittedBy(policy)).toEqual([])
    const rule = ruleOf(policy)
    const ask = async () => rule.objection({ hotkey: hotkeys.rich, remote: { host: '192.0.2.1', port: 1 } })
    await expect(ask()).rejects.toThrow(/mine|the disk is gone/)
  })
})
