import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { pythonText } from '../../src/doors/python-text.js'

const { cases } = JSON.parse(
  readFileSync(new URL('../vectors/python-text.json', import.meta.url), 'utf8'),
) as { cases: { json: string; text: string }[] }

test.each(cases)("$json is what Python's str makes of it", ({ json, text }) => {
  expect(pythonText(json)).toBe(text)
})

test('a text of many megabytes takes no longer than its length', () => {
  const json = JSON.stringify({ a: `${'x'.repeat(8 * 1024 * 1024)}\\"${'\\'.repeat(100_000)}` })
  expect(pythonText(json)).toHaveLength(json.length) // a space more behind the colon, and a quote that is not escaped
})
