import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Heap } from '../../../src/server/policy/heap.js'

interface Item {
  rank: number
}
const drained = (heap: Heap<Item>): number[] => {
  const ranks: number[] = []
  while (heap.size > 0) {
    const { first } = heap
    ranks.push(first.rank)
    heap.delete(first)
  }
  return ranks
}
const newHeap = () => new Heap<Item>((a, b) => a.rank < b.rank)
const step = fc.record({
  what: fc.constantFrom('add', 'add', 'delete', 'move'),
  which: fc.nat(),
  rank: fc.nat(20),
})

test('whatever comes, leaves and changes its rank, the first is the least', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = newHeap()
      const items: Item[] = []
      for (const { what, which, rank } of steps) {
        const item = items[which % Math.max(1, items.length)]
        if (what === 'add' || item === undefined) {
          const fresh = { rank }
          items.push(fresh)
          heap.add(fresh)
        } else if (what === 'delete') {
          items.splice(items.indexOf(item), 1)
          heap.delete(item)
        } else {
          item.rank = rank
          heap.moved(item)
        }
        expect(heap.size).toBe(items.length)
        if (items.length > 0) expect(heap.first.rank).toBe(Math.min(...items.map(({ rank }) => rank)))
      }
      const ranks = items.map(({ rank }) => rank).sort((a, b) => a - b)
      expect(drained(heap)).toEqual(ranks)
    }),
  )
})

test('an operation on many compares few of them', () => {
  let compared = 0
  const heap = new Heap<Item>((a, b) => {
    compared++
    return a.rank < b.rank
  })
  const items = Array.from({ length: 4096 }, (_, n) => ({ rank: (n * 2_654_435_761) % 4096 }))
  for (const item of items) heap.add(item)
  compared = 0
  heap.delete(items[77]!)
  expect(compared).toBeLessThanOrEqual(3 * 12)
  compared = 0
  items[99]!.rank = -1
  heap.moved(items[99]!)
  expect(compared).toBeLessThanOrEqual(3 * 12 + 2)
  expect(heap.first).toBe(items[99])
})
