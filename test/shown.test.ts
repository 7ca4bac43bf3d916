import fc from 'fast-check'
import { expect, test } from 'vitest'
import { printable, shown } from '../src/shown.js'

test.each([
  ['handler timed out', 'handler timed out'],
  ['Zürich, 東京, 🎉, ½', 'Zürich, 東京, 🎉, ½'],
  ['a\nb\r\nc\td', 'a\\u000ab\\u000d\\u000ac\\u0009d'],
  ['\x1b[2J\x1b]0;title\x07', '\\u001b[2J\\u001b]0;title\\u0007'],
  ['\u009b31m\u007f', '\\u009b31m\\u007f'], // the same in one character, which terminals obey as well
  ['\u202eevil\u2066\u200f', '\\u202eevil\\u2066\\u200f'],
  ['\u2028\u2029\u0085', '\\u2028\\u2029\\u0085'],
  ['\u200b\ufeff\u00ad', '\\u200b\\ufeff\\u00ad'],
  ['\u{e0001}', '\\udb40\\udc01'],
  ['\ud800 \udc00', '\\ud800 \\udc00'],
  ['', ''],
])('%j is shown as %s', (text, expected) => {
  expect(shown(text)).toBe(expected)
})

test('a text is cut at its length, which is said', () => {
  expect(shown('x'.repeat(256))).toBe('x'.repeat(256))
  expect(shown('x'.repeat(65_536))).toBe(`${'x'.repeat(256)}... (65536 characters)`)
  expect(shown('abcdef', 3)).toBe('abc... (6 characters)')
  expect(shown('ab🎉', 3)).toBe('ab\\ud83c... (4 characters)')
})

test('nothing that is shown has a character that is not printable, and JSON reads it as what it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      expect(printable(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
      expect(shown(text).length).toBeLessThan(6 * 256 + 30)
      expect(JSON.parse(printable(JSON.stringify(text)))).toBe(text)
    }),
  )
})
