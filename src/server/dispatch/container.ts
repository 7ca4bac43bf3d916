/** The only import of tsyringe. */
import { type DependencyContainer, delay, container as globalContainer, Lifecycle } from 'tsyringe'
import { Call } from '../../contract/call.js'
import { hasConstructorTypes, hooksOf, NO_TYPES } from '../../decorators/metadata.js'
import { LevinError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import type { LiveCall } from '../call.js'

export type { DependencyContainer } from 'tsyringe'

/** A class with handlers; tsyringe makes its constructor's arguments. */
export type HandlerClass = new (...args: never[]) => object

/**
 * `miner`: one instance, made at `listen`. `call`: a new one for each call, which may take the `Call` in its
 * constructor, as may what it injects. A `@singleton()` may not: there is one for all calls, which lives as long as the
 * miner. What tsyringe's `instanceCachingFactory` makes is no singleton to it: it keeps the first call's `Call`.
 */
export type HandlerScope = 'miner' | 'call'

/** Gives the instance that answers a call. */
export type InstanceOf = (call: LiveCall) => object

/**
 * The miner's own container, a child of the application's: two miners in one process share what is registered above
 * them and `@singleton()` classes, and nothing else.
 */
export class MinerContainer {
  readonly #container: DependencyContainer
  readonly #instances = new Map<HandlerClass, InstanceOf>()
  /** What has hooks, as it was constructed: dependencies first. */
  readonly #hooked = new Set<object>()
  readonly #started: object[] = []
  #isStarted = false
  #isDisposed = false

  constructor(parent: DependencyContainer = globalContainer) {
    this.#container = parent.createChildContainer()
    this.#container.register(Call as never, {
      useFactory: () => {
        throw new Error(
          "there is a Call only with register(type, { scope: 'call' }), and not for a @singleton(), which all calls share",
        )
      },
    })
    watch(this.#container, (instance) => {
      if (this.#isStarted) this.#refuseLate(instance)
      this.#hooked.add(instance)
    })
  }

  /** @throws LevinError CONFIG naming the class, and the constructor parameter that could not be made */
  instances(type: HandlerClass, scope: HandlerScope): InstanceOf {
    const instanceOf = this.#instances.get(type) ?? this.#make(type, scope)
    this.#instances.set(type, instanceOf)
    return instanceOf
  }

  #make(type: HandlerClass, scope: HandlerScope): InstanceOf {
    if (scope === 'miner') {
      const instance = resolve(this.#container, type)
      return () => instance
    }
    return (call) => {
      const child = this.#container.createChildContainer()
      const hooked: object[] = []
      shareSingletons(child, this.#container)
      watch(child, (instance) => hooked.push(instance))
      child.registerInstance(Call as never, call)
      call.onDone(() => void dispose(child, call.log))
      const instance = resolve(child, type)
      for (const each of hooked) this.#refuseLate(each)
      return instance
    }
  }

  /** What is first made while calls run cannot be awaited before them. */
  #refuseLate(instance: object): void {
    if (this.#hooked.has(instance)) return
    throw new LevinError(
      'CONFIG',
      `${instance.constructor.name} has @OnStart or @OnStop, but is made only when calls run, too late for both: ` +
        "inject it into a class of scope 'miner' too, and make it a @singleton(); for an end of each call there is dispose()",
    )
  }

  /**
   * Runs the `@OnStart` methods of all that was made, one after the other. After a failure `dispose` stops what had
   * started.
   * @throws LevinError CONFIG naming the class and the method that failed
   */
  async start(): Promise<void> {
    // Also what a start is the first to ask for: a Set's loop sees what is added meanwhile.
    for (const instance of this.#hooked) {
      for (const method of hooksOf(instance, 'start')) {
        try {
          await (instance as Hooks)[method]!()
        } catch (cause) {
          const why = LevinError.from(cause).message
          throw new LevinError('CONFIG', `${nameOf(instance, method)} (@OnStart) failed: ${why}`, { cause })
        }
      }
      this.#started.push(instance)
      if (this.#isDisposed) throw new LevinError('ABORTED', 'the miner was closed while it started')
    }
    this.#isStarted = true
  }

  /**
   * Runs the `@OnStop` methods of what was started, the last one first, then disposes of what this container made and
   * has a `dispose` method. Once more for what started only after that.
   */
  async dispose(logger: Logger): Promise<void> {
    const isFirst = !this.#isDisposed
    this.#isDisposed = true
    for (const instance of this.#started.splice(0).reverse()) {
      for (const method of hooksOf(instance, 'stop').reverse()) {
        try {
          await (instance as Hooks)[method]!()
        } catch (error) {
          logger.error('an @OnStop failed', { hook: nameOf(instance, method), error })
        }
      }
    }
    if (isFirst) await dispose(this.#container, logger)
  }
}

type Hooks = Record<string | symbol, () => unknown>

const nameOf = (instance: object, method: string | symbol): string =>
  `${instance.constructor.name}.${String(method)}`

/** The class of tokens for what is made when it is first used: looking at what they give would make it. */
const Delayed = delay(() => Object).constructor as new () => object

/**
 * Tells of each instance with a hook that the container gives, a dependency before what it is injected into. Not by
 * tsyringe's `afterResolution`, which goes by token: it misses a class that is behind another token.
 */
function watch(container: DependencyContainer, tell: (instance: object) => void): void {
  const look = (given: unknown): void => {
    if (typeof given !== 'object' || given === null) return
    if (hooksOf(given, 'start').length + hooksOf(given, 'stop').length > 0) tell(given)
  }
  const { resolve, resolveAll } = container
  const watched = {
    resolve(...given: Parameters<typeof resolve>) {
      const instance = resolve.apply(container, given)
      if (!(given[0] instanceof Delayed)) look(instance)
      return instance
    },
    resolveAll(...given: Parameters<typeof resolveAll>) {
      const instances = resolveAll.apply(container, given)
      for (const instance of instances) look(instance)
      return instances
    },
  }
  Object.assign(container, watched)
}

/** What tsyringe knows of a token, and how it gives that; it has public names for neither. */
interface Registration {
  readonly provider: unknown
  readonly options: { readonly lifecycle: Lifecycle }
}
interface Resolving {
  resolveRegistration(registration: Registration, context: Resolution): unknown
}
interface Resolution {
  readonly scopedResolutions: Map<unknown, unknown>
}

/**
 * Has singletons made by the miner: the container of the call that first needs one would give it that call's `Call`,
 * for all who come later, and dispose of it after that call. And what is made once for each container, once for each
 * call: tsyringe sees to that only for what was registered when its containers were made.
 */
function shareSingletons(child: DependencyContainer, miner: DependencyContainer): void {
  const { resolveRegistration } = child as unknown as Resolving
  const above = miner as unknown as Resolving
  const own = new Map<Registration, Registration>()
  const shared: Resolving = {
    resolveRegistration(registration, context) {
      const { provider, options } = registration
      if (options.lifecycle === Lifecycle.Singleton) {
        // Not in the call's context, which has instances of this call.
        return above.resolveRegistration(registration, { scopedResolutions: new Map() })
      }
      if (options.lifecycle !== Lifecycle.ContainerScoped) {
        return resolveRegistration.call(child, registration, context)
      }
      if (!own.has(registration)) own.set(registration, { provider, options })
      return resolveRegistration.call(child, own.get(registration)!, context)
    },
  }
  Object.assign(child, shared)
}

/** What fails to go away is a matter for the log: it must not cost an answer, nor a clean stop. */
async function dispose(container: DependencyContainer, logger: Logger): Promise<void> {
  try {
    await container.dispose()
  } catch (error) {
    logger.error('a dispose() failed', { error })
  }
}

function resolve(container: DependencyContainer, type: HandlerClass): object {
  try {
    return container.resolve(type as new (...args: unknown[]) => object)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    const hint =
      why.includes('TypeInfo not known') && !hasConstructorTypes(type)
        ? `What a constructor takes is not known, since ${NO_TYPES}; or name each parameter with @inject(ItsClass).`
        : `Decorate ${type.name} and what it injects with @injectable() or @singleton(), register interfaces with ` +
          'container.register and @inject, and import types that are injected as values (not `import type`).'
    throw new LevinError('CONFIG', `${type.name} cannot be made: ${why}\n${hint}`, { cause })
  }
}
