import { describe, expect, test } from 'vitest'
import { fitted } from '../../../src/cli/top/screen.js'

const section = (name: string, length: number) => Array.from({ length }, (_, i) => `${name}${i}`)
const screen = (rows: number, columns = 80) => ({ rows, columns })

describe('what is shown on a terminal', () => {
  test('is all of it, when it just fits', () => {
    expect(fitted([section('a', 2), section('b', 3)], screen(6))).toEqual(['a0', 'a1', '', 'b0', 'b1', 'b2'])
  })

  test('has less of the longest section, which says how much', () => {
    expect(fitted([section('a', 2), section('b', 9)], screen(10))).toEqual([
      ...['a0', 'a1', ''],
      ...['b0', 'b1', 'b2', 'b3', 'b4', 'b5', '  and 3 more'],
    ])
  })

  test('takes as many rows as there are, and not one more, whatever is to be shown', () => {
    const sections = [section('a', 2), section('b', 30), section('c', 50), section('d', 50)]
    for (let rows = 1; rows <= 140; rows++)
      expect(fitted(sections, screen(rows))).toHaveLength(Math.min(rows, 135))
  })

  test('shows both of two long sections', () => {
    const lines = fitted([section('b', 50), section('c', 50)], screen(21))
    expect(lines.filter((line) => line.startsWith('b'))).toHaveLength(9)
    expect(lines.filter((line) => line.startsWith('c'))).toHaveLength(9)
  })

  test('ends at the last column', () => {
    expect(fitted([['12345', '1234']], screen(24, 4))).toEqual(['1234', '1234'])
  })
})
