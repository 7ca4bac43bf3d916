import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Line, type Place } from '../../src/client/line.js'

function inOrder<T>(line: Line<T>): T[] {
  const values: T[] = []
  for (let place = line.first; place !== undefined; place = place.behind) values.push(place.value)
  return values
}

test('whoever joins and leaves, and however often: the others keep their order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(99), { maxLength: 60 }), (moves) => {
      const line = new Line<number>()
      const places: Place<number>[] = []
      let expected: number[] = []
      for (const [at, move] of moves.entries()) {
        if (move % 2 === 0 || places.length === 0) {
          places.push(line.join(at))
          expected.push(at)
        } else {
          const place = places[move % places.length]!
          place.leave()
          expected = expected.filter((value) => value !== place.value)
        }
        expect(inOrder(line)).toEqual(expected)
      }
    }),
  )
})
