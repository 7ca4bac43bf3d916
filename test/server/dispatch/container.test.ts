import { container, type DependencyContainer, inject, injectable, singleton } from 'tsyringe'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { handlersOf } from '../../../src/decorators/metadata.js'
import { Call, Miner, type MinerOptions, open, Synapse, synapse } from '../../../src/index.js'
import type { HandlerClass, HandlerScope } from '../../../src/server/dispatch/container.js'
import { MinerContainer } from '../../../src/server/dispatch/container.js'
import type { DeclaredHandler } from '../../../src/server/service.js'
import { turn, until } from '../../support/frames.js'
import { minerSigner } from '../../support/hotkeys.js'
import { RecordingLogger } from '../../support/recording-logger.js'
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
    await miner.service.dispose()
    expect(disposed).toEqual(made)
  })

  test('two miners in one process share singletons and nothing else', async () => {
    const [first, second] = [served(Asked, 'miner'), served(Asked, 'miner')]
    expect(made).toHaveLength(2)
    const [a, b] = [await first.authenticated(), await second.authenticated()]
    await a.answer('who')
    expect(await b.answer('who')).toMatchObject({ data: { shared: 2, own: 1 } })
    await first.service.dispose()
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
