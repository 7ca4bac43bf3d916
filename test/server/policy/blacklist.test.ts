import { expect, test } from 'vitest'
import { type BlacklistOptions, blacklist } from '../../../src/server/policy/blacklist.js'
import { Bench, callOf, hotkeyOf } from './calls.js'

const [good, bad] = [hotkeyOf(1), hotkeyOf(2)]

/** What becomes of a call of `hotkey`. */
async function outcome(options: BlacklistOptions, hotkey = good, synapse?: string): Promise<unknown> {
  const bench = new Bench(() => [blacklist(options)])
  const { outcome } = await bench.ask('call', callOf(hotkey, synapse))
  return bench.started.length === 1 ? 'passed' : outcome
}

test('hotkeys', async () => {
  expect(await outcome({ hotkeys: [bad] }, bad)).toBe('REFUSED')
  expect(await outcome({ hotkeys: new Set([bad]) }, good)).toBe('passed')
  expect(await outcome({}, bad)).toBe('passed')
})

test('when: yes, no, or why; now or later', async () => {
  for (const verdict of [true, 'a reason', '']) {
    expect(await outcome({ when: () => verdict })).toBe('REFUSED')
    expect(await outcome({ when: async () => verdict })).toBe('REFUSED')
  }
  expect(await outcome({ when: () => false })).toBe('passed')
  expect(await outcome({ when: async () => false })).toBe('passed')
  const train = { when: (call: { synapse: string }) => call.synapse === 'Train' && 'no training' }
  expect([await outcome(train, good, 'Train'), await outcome(train, good, 'Ask')]).toEqual([
    'REFUSED',
    'passed',
  ])
})

test.each([[[good]], [new Set([good])], [good]])('a bare list is told where it belongs: %j', (list) => {
  const fault = expect.objectContaining({
    code: 'CONFIG',
    message: 'blacklist: the hotkeys are one of two options: write blacklist({ hotkeys: [...] })',
  })
  expect(() => blacklist(list as BlacklistOptions)).toThrow(fault)
  expect(() => blacklist({}).set(list as BlacklistOptions)).toThrow(fault)
})

test('the text is the reason', () => {
  const plugin = blacklist({ when: () => 'no training at night' })
  expect(() => plugin(callOf(good), async () => ({}))).toThrow(
    expect.objectContaining({ code: 'REFUSED', message: 'no training at night' }),
  )
})

test('a function that fails, or answers neither yes nor no, lets nobody pass', async () => {
  const fails = () => {
    throw new TypeError('no idea')
  }
  expect(await outcome({ when: fails })).toBeInstanceOf(TypeError)
  expect(await outcome({ when: async () => fails() })).toBeInstanceOf(TypeError)
  expect(await outcome({ when: () => undefined as never })).toBe('CONFIG')
  expect(await outcome({ when: async () => 0 as never })).toBe('CONFIG')
})

test('who is on the list is not asked about', async () => {
  expect(await outcome({ hotkeys: [bad], when: () => expect.fail('asked') }, bad)).toBe('REFUSED')
})

test('set and stats', async () => {
  const plugin = blacklist({ hotkeys: [bad] })
  const bench = new Bench(() => [plugin])
  await bench.ask('1', callOf(bad))
  expect(plugin.stats()).toEqual({ refused: 1 })
  plugin.set({ hotkeys: [good] })
  await bench.ask('2', callOf(bad))
  await bench.ask('3', callOf(good))
  expect(bench.started).toEqual(['2'])
  expect(plugin.stats()).toEqual({ refused: 2 })
})

test.each([
  ['an option that there is not', { hotkey: bad }, "no option 'hotkey'"],
  ['a hotkey alone', { hotkeys: bad }, 'hotkeys is a list'],
  ['hotkeys that are no list', { hotkeys: 5 }, 'hotkeys is a list'],
  ['no hotkeys at all', { hotkeys: null }, 'hotkeys is a list'],
  ['what is no hotkey', { hotkeys: ['5abc'] }, '"5abc" is not a hotkey'],
  ['when that is no function', { when: true }, 'when is a function'],
])('%s is refused, by the factory and by set', (_, options, text) => {
  const fault = expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(text) })
  expect(() => blacklist(options as BlacklistOptions)).toThrow(fault)
  const plugin = blacklist({ hotkeys: [bad] })
  expect(() => plugin.set(options as BlacklistOptions)).toThrow(fault)
  expect(() => plugin(callOf(bad), async () => ({}))).toThrow('a blacklisted hotkey')
})
