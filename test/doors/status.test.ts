import { describe, expect, test } from 'vitest'
import { FAILURES, type Failure, failureOf, failureOfText } from '../../src/doors/status.js'
import { ErrorText } from '../../src/wire/protocol-texts.js'

const failures = Object.keys(FAILURES) as Failure[]
/** Only Levin's codes tell these from what the miner itself refuses. */
const OF_MIDDLEWARE = new Set<Failure>(['refused', 'tooOften', 'busy'])

describe.each(failures)('%s', (failure) => {
  const { status, code, text } = FAILURES[failure]

  test('is known again by its status and code', () => {
    expect(failureOf(status, code)).toBe(failure)
  })

  test('has the same error without the code, and with a code of another status', () => {
    if (!OF_MIDDLEWARE.has(failure)) expect(FAILURES[failureOf(status)].error).toBe(FAILURES[failure].error)
    const other = failures.find((name) => FAILURES[name].status !== status)!
    expect(FAILURES[failureOf(status, FAILURES[other].code)].status).toBe(status)
  })

  test('is not said in two ways on the wire', () => {
    if (text === undefined) return
    expect(FAILURES[failureOfText(text)].text).toBe(text)
  })
})

test('codes are all different', () => {
  expect(new Set(failures.map((name) => FAILURES[name].code)).size).toBe(failures.length)
})

test.each<[number, Failure]>([
  [422, 'malformed'],
  [405, 'malformed'],
  [415, 'malformed'],
  [500, 'failed'],
  [502, 'failed'],
  [503, 'stopping'],
  [504, 'timedOut'],
  [599, 'failed'],
])('status %d of others is %s', (status, failure) => {
  expect(failureOf(status)).toBe(failure)
  expect(failureOf(status, 'no such code')).toBe(failure)
  expect(failureOf(status, 'constructor')).toBe(failure)
})

test('every text of the QUIC door is some failure', () => {
  for (const text of Object.values(ErrorText)) expect(failures).toContain(failureOfText(text))
  expect(failureOfText(ErrorText.invalidRequestFormat)).toBe('malformed')
})
