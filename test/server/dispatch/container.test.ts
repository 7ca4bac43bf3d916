import {
  container,
  type DependencyContainer,
  delay,
  inject,
  injectAll,
  injectable,
  Lifecycle,
  scoped,
  singleton,
} from 'tsyringe'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OnStart, OnStop } from '../../../src/decorators/lifecycle.js'
import { handlersOf } from '../../../src/decorators/metadata.js'
import { Call, Miner, type MinerOptions, open, Synapse, synapse } from '../../../src/index.js'
import type { HandlerClass, HandlerScope } from '../../../src/server/dispatch/container.js'
import { MinerContainer } from '../../../src/server/dispatch/container.js'
import type { DeclaredHandler } from '../../../src/server/service.js'
import { RecordingLogger } from '../../../src/testing/recording-logger.js'
import { turn, until } from '../../support/frames.js'
import { minerSigner, signerOf } from '../../support/hotkeys.js'
import { ServedMiner } from '../../support/served-miner.js'

const Who = synapse('who', {})

@singleton()
class Shared {
  count = 0
}

class PerMiner {
  count = 0
}

const made: object[] = []
const disposed: object[] = []

@injectable()
class Asked {
  constructor(
    readonly shared: Shared,
    readonly own: PerMiner,
  ) {
    made.push(this)
  }

  @Synapse(Who)
  who() {
    return { shared: ++this.shared.count, own: ++this.own.count }
  }

  dispose() {
    disposed.push(this)
  }
}

@injectable()
class AskedAnew {
  #asked = 0

  constructor(readonly call: Call) {
    made.push(this)
  }

  @Synapse(Who)
  who(_data: object, call: Call) {
    return { asked: ++this.#asked, same: call === this.call, caller: this.call.caller }
  }

  dispose() {
    disposed.push(this)
  }
}

let application: DependencyContainer

beforeEach(() => {
  application = container.createChildContainer()
  made.length = disposed.length = 0
})

afterEach(() => container.clearInstances())

/** What `Miner.register` declares. */
function registered(type: HandlerClass, scope: HandlerScope): DeclaredHandler[] {
  return handlersOf(type).map(({ definition, method }) => ({
    definition,
    where: type.name,
    invoke: (container) => {
      const instance = container.instances(type, scope)
      return (request, call) =>
        (instance(call) as Record<string | symbol, (...given: unknown[]) => unknown>)[method]!(request, call)
    },
  }))
}

const served = (type: HandlerClass, scope: HandlerScope, options: Partial<MinerOptions> = {}) =>
  new ServedMiner(registered(type, scope), { container: application, ...options })

describe("scope 'miner'", () => {
  test('one instance, made at once, for every call', async () => {
    const miner = served(Asked, 'miner')
    expect(made).toHaveLength(1)
    const peer = await miner.authenticated()
    expect(await peer.answer('who')).toMatchObject({ data: { shared: 1, own: 1 } })
    expect(await peer.answer('who')).toMatchObject({ data: { shared: 2, own: 2 } })
    expect(made).toHaveLength(1)
  })

  test('lives until the miner is disposed of', async () => {
    const miner = served(Asked, 'miner')
    const peer = await miner.authenticated()
    await peer.answer('who')
    expect(disposed).toEqual([])
    await miner.service.stop()
    expect(disposed).toEqual(made)
  })

  test('two miners in one process share singletons and nothing else', async () => {
    const [first, second] = [served(Asked, 'miner'), served(Asked, 'miner')]
    expect(made).toHaveLength(2)
    const [a, b] = [await first.authenticated(), await second.authenticated()]
    await a.answer('who')
    expect(await b.answer('who')).toMatchObject({ data: { shared: 2, own: 1 } })
    await first.service.stop()
    expect(disposed).toEqual([made[0]])
    expect(await b.answer('who')).toMatchObject({ data: { shared: 3, own: 2 } })
  })

  test("what is registered in the application's container is found", async () => {
    const own = Object.assign(new PerMiner(), { count: 41 })
    application.registerInstance(PerMiner, own)
    const peer = await served(Asked, 'miner').authenticated()
    expect(await peer.answer('who')).toMatchObject({ data: { own: 42 } })
  })
})

describe("scope 'call'", () => {
  test('a fresh instance with this very call, disposed of after it', async () => {
    const miner = served(AskedAnew, 'call')
    expect(made).toHaveLength(0)
    const peer = await miner.authenticated()
    for (let i = 1; i <= 3; i++) {
      expect(await peer.answer('who')).toMatchObject({ data: { asked: 1, same: true } })
      await miner.service.dispatcher.idle()
      expect(made).toHaveLength(i)
      expect(disposed).toEqual(made)
    }
  })

  test('also when the time was up, and not before the handler is done', async () => {
    let proceed = () => {}
    @injectable()
    class Slow {
      @Synapse(Who)
      async who() {
        await new Promise<void>((resolve) => (proceed = resolve))
        return {}
      }
      dispose() {
        disposed.push(this)
      }
    }
    const miner = served(Slow, 'call')
    const peer = await miner.authenticated()
    const first = peer.answer('who')
    await until(() => miner.clock.pending === 1)
    miner.clock.advance(30_000)
    expect(await first).toMatchObject({ error: 'handler timed out' })
    expect(disposed).toEqual([])
    proceed()
    await until(() => disposed.length === 1)
  })

  test('a dispose that fails harms neither the answer nor the process', async () => {
    const unhandled: unknown[] = []
    const keep = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', keep)
    try {
      @injectable()
      class Untidy {
        @Synapse(Who)
        who() {
          return { fine: true }
        }
        dispose() {
          disposed.push(this)
          throw new Error('cannot close')
        }
      }
      const peer = await served(Untidy, 'call').authenticated()
      expect(await peer.answer('who')).toMatchObject({ data: { fine: true } })
      await until(() => disposed.length === 1)
      expect(await peer.answer('who')).toMatchObject({ data: { fine: true } })
      await until(() => disposed.length === 2)
      await turn()
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', keep)
    }
  })

  test('one that cannot be made fails its call, and the log says which parameter', async () => {
    const miner = served(NeedsInterface, 'call')
    const peer = await miner.authenticated()
    expect(await peer.answer('who')).toMatchObject({ error: 'request processing failed' })
    expect(miner.log.at('error')).toMatchObject([{ fields: { error: { code: 'CONFIG' } } }])
    expect((miner.log.at('error')[0]!.fields.error as Error).message).toContain('"model"')
  })

  describe('what is made once for all calls has no Call of its own', () => {
    /** Asks twice. @returns why the second one failed */
    async function askedTwice(type: HandlerClass) {
      const miner = served(type, 'call')
      const [first, second] = [await miner.authenticated(), await miner.authenticated(signerOf(9))]
      expect(await first.answer('who')).toMatchObject({ error: 'request processing failed' })
      expect(await second.answer('who')).toMatchObject({ error: 'request processing failed' })
      return (miner.log.at('error')[1]!.fields.error as Error).message
    }

    test('a handler', async () => {
      @singleton()
      class Kept {
        constructor(readonly call: Call) {}
        @Synapse(Who) who() {
          return { caller: this.call.caller }
        }
      }
      expect(await askedTwice(Kept)).toMatch(/"call".*there is a Call only with .*not for a @singleton/s)
    })

    test('a dependency, also behind a token or in a list', async () => {
      @singleton()
      class Session {
        constructor(readonly call: Call) {}
      }
      application.registerSingleton('session', Session)
      application.register('sessions', { useClass: Session }, { lifecycle: Lifecycle.Singleton })
      @injectable()
      class ByClass {
        constructor(readonly session: Session) {}
        @Synapse(Who) who() {
          return { caller: this.session.call.caller }
        }
      }
      @injectable()
      class ByToken {
        constructor(@inject('session') readonly session: Session) {}
        @Synapse(Who) who() {
          return { caller: this.session.call.caller }
        }
      }
      @injectable()
      class InList {
        constructor(@injectAll('sessions') readonly sessions: Session[]) {}
        @Synapse(Who) who() {
          return { caller: this.sessions[0]!.call.caller }
        }
      }
      for (const type of [ByClass, ByToken, InList]) expect(await askedTwice(type)).toContain('@singleton')
    })

    test('nor one by way of what the call shares among its own', async () => {
      @scoped(Lifecycle.ResolutionScoped)
      class Asker {
        constructor(readonly call: Call) {}
      }
      @singleton()
      class Session {
        constructor(readonly asker: Asker) {}
      }
      @injectable()
      class Mixed {
        constructor(
          readonly asker: Asker,
          readonly session: Session,
        ) {}
        @Synapse(Who) who() {
          return {}
        }
      }
      expect(await askedTwice(Mixed)).toContain('@singleton')
    })
  })

  test('a singleton that a call is the first to need lives until the miner is disposed of', async () => {
    @singleton()
    class Pool {
      isOpen = true
      dispose() {
        this.isOpen = false
        disposed.push(this)
      }
    }
    @injectable()
    class Uses {
      constructor(readonly pool: Pool) {}
      @Synapse(Who) who() {
        return { isOpen: this.pool.isOpen }
      }
    }
    const miner = served(Uses, 'call')
    const peer = await miner.authenticated()
    for (let i = 0; i < 2; i++) {
      expect(await peer.answer('who')).toMatchObject({ data: { isOpen: true } })
      await miner.service.dispatcher.idle()
    }
    expect(disposed).toEqual([])
    await miner.service.stop()
    expect(disposed).toHaveLength(1)
  })

  test('what is scoped to a container is made for each call, wherever it was registered', async () => {
    @scoped(Lifecycle.ContainerScoped)
    class Asker {
      constructor(readonly call: Call) {}
    }
    @injectable()
    class Handler {
      constructor(
        readonly asker: Asker,
        readonly same: Asker,
      ) {}
      @Synapse(Who) who() {
        return { caller: this.asker.call.caller, isSame: this.asker === this.same }
      }
    }
    const miner = served(Handler, 'call')
    for (const signer of [signerOf(8), signerOf(9)]) {
      const peer = await miner.authenticated(signer)
      expect(await peer.answer('who')).toMatchObject({ data: { caller: signer.hotkey, isSame: true } })
    }
  })
})

@injectable()
class NeedsInterface {
  constructor(@inject('WeatherModel') readonly model: object) {}

  @Synapse(Who)
  who() {
    return {}
  }
}

class Undecorated {
  constructor(readonly shared: Shared) {}

  @Synapse(Who)
  who() {
    return {}
  }
}

describe('what cannot be made', () => {
  const instances = (type: HandlerClass) => () => new MinerContainer(application).instances(type, 'miner')

  test('names the class and the parameter', () => {
    expect(instances(NeedsInterface)).toThrow(expect.objectContaining({ code: 'CONFIG' }))
    expect(instances(NeedsInterface)).toThrow(/NeedsInterface cannot be made.*"model"/s)
  })

  test('an undecorated class is told which decorator', () => {
    expect(instances(Undecorated)).toThrow(/Undecorated.*@injectable\(\)/s)
  })

  test('a class of a compiler that emits no metadata is told so, and what sets it', () => {
    class Compiled {
      constructor(readonly shared: Shared) {}
      who() {
        return {}
      }
    }
    // What such a compiler makes of the decorators: they are called, and nothing else.
    const { value } = Object.getOwnPropertyDescriptor(Compiled.prototype, 'who')!
    Synapse(Who)(Compiled.prototype, 'who', { value })
    injectable()(Compiled)
    expect(instances(Compiled)).toThrow(expect.objectContaining({ code: 'CONFIG' }))
    expect(instances(Compiled)).toThrow(/Compiled cannot be made.*emitDecoratorMetadata.*esbuild and tsx/s)
    expect(instances(Compiled)).not.toThrow(/Decorate Compiled/)
    expect(instances(Undecorated)).not.toThrow(/emitDecoratorMetadata/)
  })

  test('stops listen, and names the method', async () => {
    const options = {
      signer: minerSigner,
      access: open(),
      container: application,
      logger: new RecordingLogger(),
    }
    const miner = new Miner(options).register(NeedsInterface)
    await expect(miner.listen({ port: 0, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'CONFIG',
      message: expect.stringMatching(/^NeedsInterface\.who: .*"model"/s),
    })
  })
})

test("a class that takes the Call is not made with scope 'miner': there is none yet", () => {
  expect(() => new MinerContainer(application).instances(AskedAnew, 'miner')).toThrow(
    expect.objectContaining({ code: 'CONFIG', message: expect.stringContaining('AskedAnew') }),
  )
})

describe('hooks', () => {
  const log: string[] = []
  const lines = new RecordingLogger()
  const start = async (...types: HandlerClass[]) => {
    const made = new MinerContainer(application)
    for (const type of types) made.instances(type, 'miner')
    await made.start()
    return made
  }
  beforeEach(() => {
    log.length = lines.lines.length = 0
  })

  @singleton()
  class Store {
    @OnStart() async open() {
      await turn()
      log.push('store opened')
    }
    @OnStop() async close() {
      await turn()
      log.push('store closed')
    }
  }
  @injectable()
  class Model {
    constructor(readonly store: Store) {}
    @OnStart() load() {
      log.push('model loaded')
    }
    @OnStop() unload() {
      log.push('model unloaded')
    }
  }
  @injectable()
  class Answers {
    constructor(readonly model: Model) {}
    @Synapse(Who) who() {
      return {}
    }
    @OnStart() begin() {
      log.push('answers begun')
    }
    @OnStop() end() {
      log.push('answers ended')
    }
  }
  const STARTED = ['store opened', 'model loaded', 'answers begun']
  const STOPPED = ['answers ended', 'model unloaded', 'store closed']

  test('start with the dependencies, one after the other, and stop in reverse', async () => {
    const made = await start(Answers)
    expect(log).toEqual(STARTED)
    await made.dispose(lines)
    expect(log).toEqual([...STARTED, ...STOPPED])
    await made.dispose(lines)
    expect(log).toHaveLength(6)
  })

  test('run once for an instance that several share, and once for each miner', async () => {
    @injectable()
    class Other {
      constructor(readonly store: Store) {}
    }
    await start(Answers, Other)
    expect(log).toEqual(STARTED)
    await start(Other)
    expect(log).toEqual([...STARTED, 'store opened'])
  })

  test('of a singleton that the application had made before', async () => {
    container.resolve(Store)
    await start(Answers)
    expect(log).toEqual(STARTED)
  })

  test('of what is behind tokens, factories and lists, and of values', async () => {
    const named = (name: string) => {
      class Named {
        @OnStart() begin() {
          log.push(name)
        }
      }
      return Named
    }
    application.register('class', { useClass: named('class') })
    application.registerSingleton('singleton', named('singleton'))
    application.register('factory', { useFactory: () => new (named('factory'))() })
    application.registerInstance('value', new (named('value'))())
    application.register('list', { useClass: named('first') })
    application.register('list', { useClass: named('second') })
    @injectable()
    class Tokens {
      constructor(
        @inject('class') readonly a: object,
        @inject('singleton') readonly b: object,
        @inject('factory') readonly c: object,
        @inject('value') readonly d: object,
        @injectAll('list') readonly e: object[],
      ) {}
    }
    await start(Tokens)
    expect(log).toEqual(['class', 'singleton', 'factory', 'value', 'first', 'second'])
  })

  test('of what a start is the first to use', async () => {
    @injectable()
    class Lazy {
      constructor(@inject(delay(() => Store)) readonly store: Store) {}
      @OnStart() begin() {
        log.push('lazy begun')
        expect(this.store.open).toBeTypeOf('function')
      }
    }
    await start(Lazy)
    expect(log).toEqual(['lazy begun', 'store opened'])
  })

  test('a start that fails names itself, and what had started is stopped', async () => {
    @injectable()
    class Broken {
      constructor(readonly model: Model) {}
      @OnStart() async begin() {
        throw new Error('no disk')
      }
      @OnStop() end() {
        log.push('never')
      }
    }
    const made = new MinerContainer(application)
    made.instances(Broken, 'miner')
    await expect(made.start()).rejects.toMatchObject({
      code: 'CONFIG',
      message: 'Broken.begin (@OnStart) failed: no disk',
    })
    await made.dispose(lines)
    expect(log).toEqual(['store opened', 'model loaded', 'model unloaded', 'store closed'])
  })

  test('a stop that fails is logged, and keeps none of the others from stopping', async () => {
    @injectable()
    class Stuck {
      constructor(readonly model: Model) {}
      @OnStop() end() {
        throw new Error('stuck')
      }
    }
    const made = await start(Stuck)
    await made.dispose(lines)
    expect(log.slice(2)).toEqual(['model unloaded', 'store closed'])
    expect(lines.at('error')).toMatchObject([{ fields: { hook: 'Stuck.end', error: { message: 'stuck' } } }])
  })

  test('are too late for what is first made in a call, which fails with the fix in the log', async () => {
    @injectable()
    class PerCall {
      constructor(readonly store: Store) {}
      @Synapse(Who) who() {
        return {}
      }
    }
    const miner = served(PerCall, 'call')
    const peer = await miner.authenticated()
    expect(await peer.answer('who')).toMatchObject({ error: 'request processing failed' })
    expect(String(miner.log.at('error')[0]!.fields.error)).toMatch(
      /^LevinError: Store has @OnStart.*inject it/,
    )
  })

  test('but not for what a class of scope miner has, too', async () => {
    const made = await start(Answers)
    @injectable()
    class PerCall {
      constructor(readonly store: Store) {}
    }
    const call = { onDone: () => {} } as never
    expect(made.instances(PerCall, 'call')(call)).toBeInstanceOf(PerCall)
  })

  test('are too late for what is first used after the start', async () => {
    @injectable()
    class Lazy {
      constructor(@inject(delay(() => Store)) readonly store: Store) {}
    }
    const made = await start(Lazy)
    const lazy = made.instances(Lazy, 'miner')({} as never) as Lazy
    expect(() => lazy.store.open).toThrow(/Store has @OnStart/)
  })
})
