/** What decoded messages really take of the heap, measured in a process of its own with its garbage collector at hand. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { HEAP_FLOOR, HEAP_RATIO } from '../../src/wire/value.js'

const script = fileURLToPath(new URL('../support/decoded-heap.mjs', import.meta.url))

test('no shape of message takes more than eight times its bytes and 16 MiB', () => {
  const lines = execFileSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8' })
    .trim()
    .split('\n')
  const measured = lines.map((line) => JSON.parse(line) as { what: string; bytes: number; heap: number })
  expect(measured.length).toBeGreaterThan(15)
  for (const { what, bytes, heap } of measured) {
    console.log(`${what}: ${bytes} bytes, ${(heap / bytes).toFixed(1)} times that on the heap`)
    expect(heap, what).toBeLessThanOrEqual(HEAP_FLOOR + HEAP_RATIO * bytes)
  }
})
