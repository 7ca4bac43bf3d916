import { describe, expect, test } from 'vitest'
import { LevinError } from '../../../src/errors.js'
import { errorText } from '../../../src/server/dispatch/frame-reply.js'
import {
  BadAnswer,
  BadRequest,
  failureOf,
  HandlerTimeout,
  outcomeOf,
} from '../../../src/server/dispatch/outcome.js'
import { refuse } from '../../../src/server/policy/refuse.js'
import { ErrorText } from '../../../src/wire/protocol-texts.js'

const cases: [string, unknown, plain: string, stream: string][] = [
  ['a bad request', new BadRequest('why'), 'invalid request format', 'invalid request format'],
  ['a timeout', new HandlerTimeout(5), 'handler timed out', 'handler timed out'],
  ['a bad answer', new BadAnswer('why'), 'internal serialization error', 'stream processing failed'],
  ['an Error', new Error('why'), 'request processing failed', 'stream processing failed'],
  [
    'a LevinError',
    new LevinError('PROTOCOL', 'why'),
    'request processing failed',
    'stream processing failed',
  ],
  ...(['refused', 'tooOften', 'tooLarge', 'busy'] as const).map((kind): [string, unknown, string, string] => [
    `a refusal: ${kind}`,
    refuse('why', kind),
    'request processing failed',
    'stream processing failed',
  ]),
  ['a text', 'why', 'request processing failed', 'stream processing failed'],
  ['nothing', undefined, 'request processing failed', 'stream processing failed'],
]

describe('an error becomes one of the protocol’s texts', () => {
  test.each(cases)('%s', (_, error, plain, stream) => {
    const kind = failureOf(error)
    expect([errorText(kind, false), errorText(kind, true)]).toEqual([plain, stream])
    for (const text of [plain, stream]) expect(Object.values(ErrorText)).toContain(text)
  })
})

test.each([
  [new BadRequest('why'), 'invalid'],
  [new HandlerTimeout(5), 'timedOut'],
  [refuse('why'), 'refused'],
  [new LevinError('PROTOCOL', 'why'), 'failed'],
  [new BadAnswer('why'), 'failed'],
  [undefined, 'failed'],
])('%s counts as %s', (error, outcome) => {
  expect(outcomeOf(error)).toBe(outcome)
})

test('the cause and its words are kept for the log', () => {
  const cause = new Error('why')
  expect(new BadRequest(cause)).toMatchObject({ message: 'why', cause })
  expect(new BadAnswer(cause)).toMatchObject({ message: 'why', cause })
  expect(new BadAnswer('in words').message).toBe('in words')
})

test('a refusal keeps its kind, and is `refused` without one', () => {
  expect(failureOf(refuse('why'))).toBe('refused')
  expect(failureOf(new LevinError('REFUSED', 'from a thread'))).toBe('refused')
  expect(failureOf(refuse('why', 'tooOften'))).toBe('tooOften')
})
