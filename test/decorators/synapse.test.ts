import 'reflect-metadata'
import { IsInt, IsString } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import { handlersOf } from '../../src/decorators/metadata.js'
import { Synapse } from '../../src/decorators/synapse.js'
import type { Call, SynapseData } from '../../src/index.js'

class Query {
  @IsInt() n!: number
}
class Reply {
  @IsString() text!: string
}

const Shared = synapse('shared', { request: Query, response: Reply })
const Other = synapse('other', { request: Query, response: Reply })
/** As JavaScript may call it, whatever the types say. */
const untyped = Synapse as (name: string, options: object) => MethodDecorator
const config = (mention: string) =>
  expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining(mention) })
const recorded = (type: new () => object) =>
  handlersOf(type).map(({ method, definition }) => [method, definition.name, definition.options])

test('TypeScript’s metadata is emitted here: without it the convenience below would be untested', () => {
  class Probe {
    @Synapse(Shared)
    method(_query: Query, _call: Call): Reply {
      return new Reply()
    }
  }
  expect(Reflect.getMetadata('design:paramtypes', Probe.prototype, 'method')?.[0]).toBe(Query)
})

describe('records', () => {
  test('a definition', () => {
    class Miner {
      @Synapse(Shared)
      answer(): Reply {
        return new Reply()
      }
    }
    expect(handlersOf(Miner)).toEqual([{ method: 'answer', definition: Shared }])
    expect(handlersOf(Miner)[0]!.definition).toBe(Shared)
  })

  test('a name with options', () => {
    class Miner {
      @Synapse('named', { request: Query, response: Reply, timeoutMs: 5 })
      answer(): Reply {
        return new Reply()
      }
    }
    expect(recorded(Miner)).toEqual([['answer', 'named', { request: Query, response: Reply, timeoutMs: 5 }]])
  })

  test("the class of the method's own parameter", () => {
    class Miner {
      @Synapse('bare')
      bare(_query: Query) {
        return {}
      }
      @Synapse('with', { response: Reply })
      with(_query: Query): Reply {
        return new Reply()
      }
      @Synapse('stream', { stream: true })
      *stream(_query: Query) {
        yield new Uint8Array()
      }
    }
    expect(recorded(Miner)).toEqual([
      ['bare', 'bare', { request: Query }],
      ['with', 'with', { response: Reply, request: Query }],
      ['stream', 'stream', { stream: true, request: Query }],
    ])
  })

  test('a class that is named over the one of the parameter', () => {
    class Wider {
      n!: number
    }
    class Miner {
      @Synapse('named', { request: Query })
      answer(_query: Wider) {
        return {}
      }
    }
    expect(recorded(Miner)).toEqual([['answer', 'named', { request: Query }]])
  })

  test('a method whose name is a symbol', () => {
    const method = Symbol('method')
    class Miner {
      @Synapse(Shared)
      [method](): Reply {
        return new Reply()
      }
    }
    expect(handlersOf(Miner)).toEqual([{ method, definition: Shared }])
  })
})

describe('where no class is known', () => {
  test('the error names the method and what to write', () => {
    const declare = () => {
      class Miner {
        @Synapse('nothing')
        answer(_data: SynapseData) {
          return {}
        }
      }
      return Miner
    }
    expect(declare).toThrow(config('Miner.answer'))
    expect(declare).toThrow("@Synapse('nothing', { request: YourQuery })")
    expect(declare).toThrow("synapse('nothing', {})")
  })

  test('there is no parameter at all, or only a built-in', () => {
    const declare = (type?: unknown) => () => {
      const prototype = { method() {} }
      if (type !== undefined) Reflect.defineMetadata('design:paramtypes', [type], prototype, 'method')
      const decorate = Synapse('x') as (prototype: object, method: string) => void
      decorate(prototype, 'method')
    }
    const builtIn = [Object, String, Number, Boolean, Array, Map, Uint8Array, Buffer]
    for (const type of [undefined, ...builtIn]) expect(declare(type), String(type)).toThrow(config("'x'"))
    expect(declare(Query)).not.toThrow()
  })

  test('a definition without a class takes any map', () => {
    class Miner {
      @Synapse(synapse('any', {}))
      answer(data: SynapseData) {
        return data
      }
    }
    expect(recorded(Miner)).toEqual([['answer', 'any', {}]])
  })
})

test('options that contradict each other are refused where they are written', () => {
  const declare = () => {
    class Miner {
      @untyped('both', { request: Query, response: Reply, stream: true })
      answer() {
        return {}
      }
    }
    return Miner
  }
  expect(declare).toThrow(config('both'))
})

describe('inheritance', () => {
  class Base {
    @Synapse(Shared)
    shared(): Reply {
      return new Reply()
    }
    @Synapse(Other)
    other(): Reply {
      return new Reply()
    }
  }

  test('a class answers what its ancestors answer', () => {
    class Derived extends Base {}
    expect(handlersOf(Derived)).toEqual(handlersOf(Base))
    expect(handlersOf(Base)).toHaveLength(2)
  })

  test('an override without a decorator keeps the one of its ancestor', () => {
    class Derived extends Base {
      override shared(): Reply {
        return super.shared()
      }
    }
    expect(recorded(Derived).map(([method, name]) => [method, name])).toEqual([
      ['shared', 'shared'],
      ['other', 'other'],
    ])
  })

  test('an override with a decorator counts once, and leaves the ancestor as it was', () => {
    const Newer = synapse('newer', { request: Query, response: Reply })
    class Derived extends Base {
      @Synapse(Newer)
      override shared(): Reply {
        return new Reply()
      }
    }
    const names = (type: new () => object) =>
      handlersOf(type)
        .map(({ definition }) => definition.name)
        .sort()
    expect(names(Derived)).toEqual(['newer', 'other'])
    expect(names(Base)).toEqual(['other', 'shared'])
  })

  test('siblings do not see each other', () => {
    class Left extends Base {
      @Synapse(synapse('left', {}))
      left() {
        return {}
      }
    }
    class Right extends Base {}
    expect(handlersOf(Left)).toHaveLength(3)
    expect(handlersOf(Right)).toHaveLength(2)
  })
})

test('two decorators on one method are two synapses', () => {
  class Miner {
    @Synapse(Shared)
    @Synapse(Other)
    answer(): Reply {
      return new Reply()
    }
  }
  expect(
    handlersOf(Miner)
      .map(({ definition }) => definition.name)
      .sort(),
  ).toEqual(['other', 'shared'])
})

test('a static method is refused by name', () => {
  const declare = () => {
    class Miner {
      @Synapse(Shared)
      static shared(): Reply {
        return new Reply()
      }
      other() {}
    }
    return Miner
  }
  expect(declare).toThrow(config('Miner.shared: '))
})

test('a class without any has none', () => expect(handlersOf(Query)).toEqual([]))

describe('worker', () => {
  const url = import.meta.url
  test('is recorded beside the definition, which stays what both ends share', () => {
    class Miner {
      @Synapse('named', { request: Query, response: Reply, worker: url })
      named(): Reply {
        return new Reply()
      }
      @Synapse(Shared, { worker: url })
      shared(): Reply {
        return new Reply()
      }
    }
    expect(handlersOf(Miner)).toMatchObject([
      { method: 'named', worker: url },
      { method: 'shared', worker: url, definition: Shared },
    ])
    expect(handlersOf(Miner)[0]!.definition.options).toEqual({ request: Query, response: Reply })
  })

  const decorate = (name: unknown, options: object) => () =>
    (Synapse as (...given: unknown[]) => (prototype: object, method: string) => void)(name, options)({}, 'm')

  test.each([['./here.js'], [true], [''], [null], ['https://example.org/a.js']])('is not %j', (worker) =>
    expect(decorate('w', { request: Query, worker })).toThrow(config('import.meta.url')),
  )

  test('is not for streams', () => {
    expect(decorate('w', { request: Query, stream: true, worker: url })).toThrow(config('stream'))
    expect(decorate(synapse('w', { stream: Reply }), { worker: url })).toThrow(config('stream'))
  })

  test('nothing else stands beside a definition', () =>
    expect(decorate(Shared, { timeoutMs: 5 })).toThrow(config("'timeoutMs'")))
})

test('a request that is named nowhere: what the compiler did not emit is said', () => {
  class Compiled {
    answer() {}
  }
  // What a compiler without metadata makes of the decorator: it is called, and nothing else.
  const decorate = () => untyped('s', {})(Compiled.prototype, 'answer', {})
  expect(decorate).toThrow(config("does not know the request's class: name it"))
  expect(decorate).toThrow(/emitDecoratorMetadata.*esbuild and tsx/s)
  Reflect.defineMetadata('design:paramtypes', [Object], Compiled.prototype, 'answer')
  expect(decorate).toThrow(config("does not know the request's class: name it"))
  expect(decorate).not.toThrow(/emitDecoratorMetadata/)
})
