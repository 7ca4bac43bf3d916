import { describe, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'

class Query {}
class Answer {}

/** As JavaScript may call it, whatever the types say. */
const declare = synapse as (name: unknown, options: unknown) => ReturnType<typeof synapse>
const config = (mention: string) =>
  expect.objectContaining({ name: 'LevinError', code: 'CONFIG', message: expect.stringContaining(mention) })

test('keeps what it is given, and cannot be changed', () => {
  const options = { request: Query, response: Answer, timeoutMs: 1, unknownProperties: 'drop' } as const
  const definition = synapse('Forecast', options)
  expect(definition).toEqual({ name: 'Forecast', options })
  expect(Object.isFrozen(definition)).toBe(true)
  expect(Object.isFrozen(definition.options)).toBe(true)
  expect(definition.options).not.toBe(options)
  expect(() => Object.assign(definition, { name: 'other' })).toThrow(TypeError)
  expect(() => Object.assign(definition.options, { request: Answer })).toThrow(TypeError)
})

test.each([{}, { stream: true }, { stream: Answer }, { request: Query, stream: true }])(
  '%j is fine',
  (options) => expect(declare('Fine', options).options).toEqual(options),
)

test.each(['request', 'response', 'stream'])('a class that is not there yet is no missing %s', (option) => {
  expect(() => declare('Early', { [option]: undefined })).toThrow(config(`${option} is undefined`))
})

describe('a name', () => {
  test.each([['a'], ['echo'], ['weather/forecast.v2'], ['天気'], ['x'.repeat(256)], ['é'.repeat(128)]])(
    '%s',
    (name) => expect(declare(name, {}).name).toBe(name),
  )

  test.each([[''], ['x'.repeat(257)], ['é'.repeat(129)], [undefined], [null], [7], [{}]])(
    'but not %j',
    (name) => expect(() => declare(name, {})).toThrow(config('name')),
  )
})

describe('options that cannot work', () => {
  test.each([
    [{ reqest: Query }, 'reqest'],
    [{ Request: Query }, 'Request'],
    [{ response: Answer, stream: true }, 'leave one out'],
    [{ response: Answer, stream: Query }, 'leave one out'],
    [{ stream: false }, 'stream'],
    [{ stream: 'bytes' }, 'stream'],
    [{ stream: null }, 'stream'],
    [{ request: {} }, 'request'],
    [{ request: null }, 'request'],
    [{ request: 'Query' }, 'request'],
    [{ response: {} }, 'response'],
    [{ timeoutMs: 0 }, 'timeoutMs'],
    [{ timeoutMs: -1 }, 'timeoutMs'],
    [{ timeoutMs: 1.5 }, 'timeoutMs'],
    [{ timeoutMs: Number.NaN }, 'timeoutMs'],
    [{ timeoutMs: Number.POSITIVE_INFINITY }, 'timeoutMs'],
    [{ timeoutMs: '5' }, 'timeoutMs'],
    [{ unknownProperties: 'ignore' }, 'unknownProperties'],
    [{ unknownProperties: true }, 'unknownProperties'],
  ])('%j', (options, mention) => {
    expect(() => declare('Bad', options)).toThrow(config(mention))
    expect(() => declare('Bad', options)).toThrow(config("'Bad'"))
  })

  test('an unknown one is told which there are', () => {
    expect(() => declare('Bad', { reqest: Query })).toThrow(
      'request, response, stream, timeoutMs, idempotent, unknownProperties',
    )
  })

  test('a time for which Node cannot set a timer: it would fire at once', () => {
    expect(() => declare('Bad', { timeoutMs: 2 ** 31 })).toThrow(config('timeoutMs'))
    expect(declare('Fine', { timeoutMs: 2 ** 31 - 1 }).options.timeoutMs).toBe(2 ** 31 - 1)
  })
})
