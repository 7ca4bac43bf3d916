/**
 * How long a text is, as `@Length` and its like count: a surrogate pair is one, and so is a character with the selector
 * of its presentation. class-validator makes a list of all pairs to count them, of 64 MiB of emoji in a second.
 */
import { maxLength } from 'class-validator'

/** validator.js counts selectors by themselves before 13.15.20. */
const JOINS_SELECTORS = maxLength('a\ufe0f', 1)

/** At most so many UTF-16 units are one character: a surrogate pair and its selector. */
const UNITS = 3

export const isAtMost = (text: string, most: number): boolean =>
  text.length <= most || (text.length <= UNITS * most && lengthOf(text) <= most)

export const isAtLeast = (text: string, least: number): boolean =>
  text.length >= least && (text.length >= UNITS * least || lengthOf(text) >= least)

function lengthOf(text: string): number {
  let length = text.length
  let last = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0xdc00) {
      const isPair = unit <= 0xdfff && last >= 0xd800 && last <= 0xdbff
      const isJoined = JOINS_SELECTORS && i > 0 && isSelector(unit) && !isSelector(last)
      if (isPair || isJoined) length--
    }
    last = unit
  }
  return length
}

const isSelector = (unit: number): boolean => unit === 0xfe0e || unit === 0xfe0f
