import { describe, expect, test } from 'vitest'
import { LevinError } from '../../../src/errors.js'
import {
  BadAnswer,
  BadRequest,
  errorText,
  HandlerTimeout,
  isPeersFault,
} from '../../../src/server/dispatch/outcome.js'
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
  ['a text', 'why', 'request processing failed', 'stream processing failed'],
  ['nothing', undefined, 'request processing failed', 'stream processing failed'],
]

describe('an error becomes one of the protocol’s texts', () => {
  test.each(cases)('%s', (_, error, plain, stream) => {
    expect([errorText(error, false), errorText(error, true)]).toEqual([plain, stream])
    for (const text of [plain, stream]) expect(Object.values(ErrorText)).toContain(text)
  })
})

test('only a bad request is the fault of the peer', () => {
  expect(cases.filter(([, error]) => isPeersFault(error)).map(([name]) => name)).toEqual(['a bad request'])
})

test('the cause and its words are kept for the log', () => {
  const cause = new Error('why')
  expect(new BadRequest(cause)).toMatchObject({ message: 'why', cause })
  expect(new BadAnswer(cause)).toMatchObject({ message: 'why', cause })
  expect(new BadAnswer('in words').message).toBe('in words')
})
