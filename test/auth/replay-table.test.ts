import { describe, expect, test } from 'vitest'
import { ReplayTable } from '../../src/auth/replay-table.js'

const WINDOW_MS = 12_000
const table = () => new ReplayTable(WINDOW_MS / 1000)

describe('a nonce', () => {
  test('is taken once, also out of order', () => {
    const replays = table()
    for (const nonce of [5n, 3n, 4n, 6n, 1n]) expect(replays.record('a', nonce, 0)).toBe('recorded')
    for (const nonce of [5n, 3n, 4n, 6n, 1n]) expect(replays.record('a', nonce, 0)).toBe('used')
  })

  test('is each hotkey’s own', () => {
    const replays = table()
    expect(replays.record('a', 1n, 0)).toBe('recorded')
    expect(replays.record('b', 1n, 0)).toBe('recorded')
  })

  test('is remembered for a window at least, however often others come', () => {
    const replays = table()
    replays.record('a', 1n, WINDOW_MS - 1)
    replays.record('b', 1n, WINDOW_MS) // the buckets turn
    replays.record('b', 2n, 2 * WINDOW_MS - 2)
    expect(replays.record('a', 1n, 2 * WINDOW_MS - 1)).toBe('used')
  })

  test('is forgotten when it is too old anyway', () => {
    const replays = table()
    for (const hotkey of ['a', 'b', 'c']) replays.record(hotkey, 1n, 0)
    replays.record('d', 1n, 2 * WINDOW_MS)
    expect(replays.size).toBe(1)
    replays.record('d', 2n, 2 * WINDOW_MS + 1)
    expect(replays.size).toBe(2)
  })

  test('stays remembered when the clock is set back', () => {
    const replays = table()
    replays.record('a', 1n, 100 * WINDOW_MS)
    expect(replays.record('a', 1n, 0)).toBe('used')
  })
})

describe('many', () => {
  test('of one hotkey: the lower half is forgotten, and nothing as low is taken any more', () => {
    const replays = table()
    for (let nonce = 1n; nonce <= 4096n; nonce++) replays.record('a', nonce * 2n, 0)
    expect(replays.size).toBe(4096)
    expect(replays.record('a', 3n, 0)).toBe('recorded')
    expect(replays.size).toBe(2048)
    for (const nonce of [2n, 3n, 1n, 4096n, 8192n]) expect(replays.record('a', nonce, 0)).toBe('used')
    expect(replays.record('a', 4097n, 0)).toBe('recorded')
  })

  test('of many: who comes last forgets its own, and pushes out nobody else’s', () => {
    const replays = table()
    for (let n = 0; n < 100; n++)
      for (let nonce = 1n; nonce <= 1000n; nonce++) replays.record(`${n}`, nonce, 0)
    expect(replays.size).toBe(100_000)
    expect(replays.record('last', 7n, 0)).toBe('recorded')
    expect(replays.size).toBe(100_000)
    expect(replays.record('last', 7n, 0)).toBe('used')
    expect(replays.record('last', 8n, 0)).toBe('recorded')
    for (let n = 0; n < 100; n++) expect(replays.record(`${n}`, 1n, 0)).toBe('used')
  })

  test('hotkeys: the 10,001st is refused, and those that are there are not', () => {
    const replays = table()
    for (let n = 0; n < 10_000; n++) replays.record(`${n}`, 1n, 0)
    expect(replays.record('one more', 1n, 0)).toBe('full')
    expect(replays.record('0', 2n, 0)).toBe('recorded')
    expect(replays.record('one more', 1n, 2 * WINDOW_MS)).toBe('recorded')
  })
})
