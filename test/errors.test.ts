import { expect, test } from 'vitest'
import { LevinError } from '../src/errors.js'

test('is an Error with a code', () => {
  const error = new LevinError('LIMIT', 'too much')
  expect(error).toBeInstanceOf(Error)
  expect(error).toMatchObject({ name: 'LevinError', code: 'LIMIT', message: 'too much' })
  expect('cause' in error).toBe(false)
  expect('peerMessage' in error).toBe(false)
  expect(String(error)).toBe('LevinError: too much')
})

test('keeps its cause, also when that is undefined, and the words of the peer', () => {
  const cause = new Error('why')
  expect(new LevinError('CONFIG', 'x', { cause }).cause).toBe(cause)
  expect('cause' in new LevinError('CONFIG', 'x', { cause: undefined })).toBe(true)
  expect(new LevinError('PEER_ERROR', 'x', { peerMessage: 'handler timed out' }).peerMessage).toBe(
    'handler timed out',
  )
})

test('says which miner and which synapse, where that is known', () => {
  const where = { miner: '5F', synapse: 'Forecast' }
  expect(new LevinError('TIMED_OUT', 'x', where)).toMatchObject(where)
  const nowhere = new LevinError('TIMED_OUT', 'x', { miner: undefined })
  expect(['miner' in nowhere, 'synapse' in nowhere]).toEqual([false, false])
})

test('from: one of ours stays what it is', () => {
  const error = new LevinError('LIMIT', 'too much')
  expect(LevinError.from(error)).toBe(error)
  expect(LevinError.from(error, 'CANNOT_CONNECT')).toBe(error)
})

test.each<[unknown, string]>([
  [new TypeError('odd'), 'odd'],
  ['a text', 'a text'],
  [undefined, 'undefined'],
  [null, 'null'],
  [7, '7'],
  [Symbol('s'), 'Symbol(s)'],
])('from: %s', (thrown, message) => {
  expect(LevinError.from(thrown)).toMatchObject({ code: 'INTERNAL', message, cause: thrown })
  expect(LevinError.from(thrown, 'PROTOCOL').code).toBe('PROTOCOL')
})

test('from: an object that cannot be made into text', () => {
  expect(LevinError.from(Object.create(null)).code).toBe('INTERNAL')
})
