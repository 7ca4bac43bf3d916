/** The only import of tsyringe. */
import { type DependencyContainer, container as globalContainer } from 'tsyringe'
import { Call } from '../../contract/call.js'
import { LevinError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import type { LiveCall } from '../call.js'

export type { DependencyContainer } from 'tsyringe'

/** A class with handlers; tsyringe makes its constructor's arguments. */
export type HandlerClass = new (...args: never[]) => object

/**
 * `miner`: one instance, made at `listen`. `call`: a new one for each call, which may take the `Call` in its
 * constructor.
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

  constructor(parent: DependencyContainer = globalContainer) {
    this.#container = parent.createChildContainer()
    this.#container.register(Call as never, {
      useFactory: () => {
        throw new Error("there is a Call only with register(type, { scope: 'call' })")
      },
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
      child.registerInstance(Call as never, call)
      call.onRelease(() => void dispose(child, call.log))
      return resolve(child, type)
    }
  }

  /** Disposes of what this container made and has a `dispose` method. */
  dispose(logger: Logger): Promise<void> {
    return dispose(this.#container, logger)
  }
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
    throw new LevinError(
      'CONFIG',
      `${type.name} cannot be made: ${why}\n` +
        `Decorate ${type.name} and what it injects with @injectable() or @singleton(), register interfaces with ` +
        'container.register and @inject, and import types that are injected as values (not `import type`).',
      { cause },
    )
  }
}
