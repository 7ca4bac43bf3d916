import { describe, expect, test } from 'vitest'
import type { QuinnStream } from '../../../src/transport/quinn/stream.js'
import { StreamTable } from '../../../src/transport/quinn/stream-table.js'

const stream = (id: number): QuinnStream => ({ id }) as QuinnStream

describe.each([0, 2 ** 32 - 8 * 4, 2 ** 32, 2 ** 52])('a table of streams from id %d on', (first) => {
  const ids = Array.from({ length: 600 }, (_, i) => first + i * 4)

  test('finds each of them, in their order, until it is taken out', () => {
    const table = new StreamTable()
    for (const id of ids) table.add(stream(id))
    expect(table.size).toBe(600)
    expect(ids.every((id) => table.find(id)?.id === id)).toBe(true)
    expect(table.toArray().map(({ id }) => id)).toEqual(ids)
    for (const id of ids) table.remove(table.find(id)!)
    expect(table.size).toBe(0)
    expect(ids.some((id) => table.find(id) !== undefined)).toBe(false)
  })

  test('never takes one for another whose number has the same low bits', () => {
    const table = new StreamTable()
    table.add(stream(first))
    expect(table.find(first + 2 ** 32)).toBeUndefined()
    expect(table.find(first + 256 * 4)).toBeUndefined()
    table.remove(stream(first + 256 * 4))
    expect(table.find(first)?.id).toBe(first)
  })

  test('keeps an old one while thousands come and go', () => {
    const table = new StreamTable()
    table.add(stream(first))
    for (let i = 1; i < 3000; i++) {
      const next = stream(first + i * 4)
      table.add(next)
      expect(table.find(next.id)).toBe(next)
      table.remove(next)
    }
    expect(table.toArray().map(({ id }) => id)).toEqual([first])
  })
})
