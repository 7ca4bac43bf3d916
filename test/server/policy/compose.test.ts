import { describe, expect, test } from 'vitest'
import { LiveCall } from '../../../src/server/call.js'
import { compose } from '../../../src/server/policy/compose.js'
import type { Middleware, Next } from '../../../src/server/policy/middleware.js'
import { RecordingLogger } from '../../../src/testing/recording-logger.js'
import { EncodedMap } from '../../../src/wire/value.js'
import { turn } from '../../support/frames.js'

const call = new LiveCall(
  {
    caller: 'caller',
    remote: { host: '127.0.0.1', port: 1 },
    door: 'quic',
    deadline: 0,
    logger: new RecordingLogger(),
  },
  { synapseType: 'echo', data: {}, encodedData: new EncodedMap(Buffer.from([0x80])), timestamp: 0 },
)

const answer = { the: 'answer' }

function recording() {
  const seen: string[] = []
  const around =
    (name: string): Middleware =>
    async (_call, next) => {
      seen.push(`${name} in`)
      const answer = await next()
      seen.push(`${name} out`)
      return answer
    }
  const innermost = async () => {
    seen.push('handler')
    return answer
  }
  return { seen, around, innermost }
}

test('without middleware it is the handler itself', () => {
  const { innermost } = recording()
  expect(compose([], innermost)).toBe(innermost)
})

test('the first is the outermost, and the answer comes back through all', async () => {
  const { seen, around, innermost } = recording()
  expect(await compose([around('a'), around('b'), around('c')], innermost)(call)).toBe(answer)
  expect(seen).toEqual(['a in', 'b in', 'c in', 'handler', 'c out', 'b out', 'a out'])
})

test('each is given the call itself', async () => {
  const given: object[] = []
  const keep: Middleware = (call, next) => {
    given.push(call)
    return next()
  }
  await compose([keep, keep], async (call) => {
    given.push(call)
    return answer
  })(call)
  expect(given).toEqual([call, call, call])
  expect(given[0]).toBe(call)
})

test('one that answers without next ends it there', async () => {
  const { seen, around, innermost } = recording()
  const short = { the: 'short' }
  const answers: Middleware = async () => short
  expect(await compose([around('a'), answers, around('b')], innermost)(call)).toBe(short)
  expect(seen).toEqual(['a in', 'a out'])
})

test('one may answer something else than next gave', async () => {
  const wraps: Middleware = async (_call, next) => ({ around: await next() })
  expect(await compose([wraps, wraps], async () => answer)(call)).toEqual({ around: { around: answer } })
})

test('one may wait before it goes on', async () => {
  const { seen, around, innermost } = recording()
  let proceed = () => {}
  const waits: Middleware = async (_call, next) => {
    await new Promise<void>((resolve) => {
      proceed = resolve
    })
    return next()
  }
  const passed = compose([around('a'), waits], innermost)(call)
  await turn()
  expect(seen).toEqual(['a in'])
  proceed()
  expect(await passed).toBe(answer)
})

test.each([
  ['throws', () => { throw new Error('no') }], // biome-ignore format: one line a case
  ['rejects', async () => { throw new Error('no') }], // biome-ignore format: one line a case
])('one that %s makes the call fail, and the outer ones see it', async (_, refuses) => {
  const { seen, innermost } = recording()
  const sees: Middleware = async (_call, next) => {
    try {
      return await next()
    } catch (error) {
      seen.push((error as Error).message)
      throw error
    }
  }
  await expect(compose([sees, refuses], innermost)(call)).rejects.toThrow('no')
  expect(seen).toEqual(['no'])
})

test('an outer one may turn a failure into an answer', async () => {
  const rescues: Middleware = (_call, next) => next().catch(() => answer)
  const fails = async () => {
    throw new Error('no')
  }
  expect(await compose([rescues], fails)(call)).toBe(answer)
})

test('next() twice is refused, with the name of who did it', async () => {
  const { seen, around, innermost } = recording()
  const twice: Middleware = async (_call, next) => {
    await next()
    return next()
  }
  const failed = compose([around('a'), twice], innermost)(call)
  await expect(failed).rejects.toMatchObject({ code: 'CONFIG', message: expect.stringContaining('twice') })
  expect(seen).toEqual(['a in', 'handler'])
  const nameless = compose([(_call, next) => next().then(() => next())], innermost)(call)
  await expect(nameless).rejects.toMatchObject({ message: expect.stringContaining('without a name') })
})

test('next() is counted for each call by itself', async () => {
  const { around, innermost } = recording()
  const run = compose([around('a')], innermost)
  expect(await Promise.all([run(call), run(call)])).toEqual([answer, answer])
})

describe('one that returns nothing', () => {
  const forgets = async (_call: unknown, next: Next) => {
    await next()
  }
  const nothing = (name: string) => ({
    code: 'CONFIG',
    message: `middleware '${name}' returned nothing; write return next()`,
  })

  test.each([
    ['alone', (plugin: Middleware) => [plugin]],
    ['inside of others', (plugin: Middleware) => [recording().around('a'), plugin]],
    ['outside of others', (plugin: Middleware) => [plugin, recording().around('a')]],
  ])('is named: %s', async (_, chain) => {
    const timing = Object.defineProperty(forgets, 'name', { value: 'timing' }) as unknown as Middleware
    const { innermost, seen } = recording()
    await expect(compose(chain(timing), innermost)(call)).rejects.toMatchObject(nothing('timing'))
    expect(seen).toEqual(['handler'])
  })

  test('without a promise', async () => {
    const plain = (() => {}) as unknown as Middleware
    const failed = compose([plain], recording().innermost)(call)
    await expect(failed).rejects.toMatchObject(nothing('plain'))
  })

  test('without a name', async () => {
    const failed = compose([(async () => {}) as unknown as Middleware], recording().innermost)(call)
    await expect(failed).rejects.toMatchObject({
      message: 'a middleware without a name returned nothing; write return next()',
    })
  })
})

test.each(['caller', 'body', 'done', 'toString'])(
  'one that adds %s is told to choose another name',
  async (key) => {
    const adds = ((_call, next) => next({ [key]: 1 } as object)) satisfies Middleware
    const failed = compose([adds], recording().innermost)(call)
    await expect(failed).rejects.toMatchObject({
      code: 'CONFIG',
      message: `middleware 'adds' gives the call '${key}', which every call has already, or one before it gave: choose another name`,
    })
  },
)

test('one that returns what next gave costs no promise of its own', () => {
  const given = Promise.resolve(answer)
  const passes: Middleware = (_call, next) => next()
  expect(compose([passes, passes], () => given)(call)).toBe(given)
})
