import { describe, expect, test } from 'vitest'
import { allowlist, isOpen, open } from '../../../src/server/policy/access.js'
import { signerOf } from '../../support/hotkeys.js'

const [first, second] = [signerOf(2).hotkey, signerOf(3).hotkey]
const remote = { host: '127.0.0.1', port: 50_000 }
const config = expect.objectContaining({ name: 'LevinError', code: 'CONFIG' })

describe('allowlist', () => {
  test('admits who is on it, and nobody else', () => {
    const access = allowlist([first])
    expect(access({ hotkey: first, remote })).toBe(true)
    expect(access({ hotkey: second, remote })).toBe(false)
    expect(access({ hotkey: '', remote })).toBe(false)
  })

  test('an empty one admits nobody', () => expect(allowlist([])({ hotkey: first, remote })).toBe(false))

  test('takes anything that can be iterated, and keeps a copy', () => {
    const hotkeys = new Set([first])
    const access = allowlist(hotkeys)
    hotkeys.clear()
    hotkeys.add(second)
    expect(access({ hotkey: first, remote })).toBe(true)
    expect(access({ hotkey: second, remote })).toBe(false)
  })

  test.each([
    ['not a hotkey'],
    [''],
    [first.slice(0, -1)],
    [`${first.slice(0, -1)}1`],
    [`0x${'02'.repeat(32)}`],
  ])('%j is no hotkey', (hotkey) => expect(() => allowlist([first, hotkey])).toThrow(config))

  test('one hotkey in place of a list is told what to write', () => {
    expect(() => allowlist(first)).toThrow(config)
    expect(() => allowlist(first)).toThrow('allowlist([hotkey])')
  })
})

test('open admits everybody, and can be told from a function that happens to', () => {
  expect(open()({ hotkey: second, remote })).toBe(true)
  expect(isOpen(open())).toBe(true)
  expect(isOpen(() => true)).toBe(false)
  expect(isOpen(allowlist([]))).toBe(false)
})
