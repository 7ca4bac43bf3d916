import { LevinError } from '../errors.js'
import { type HookKind, recordHook, refuseStage3 } from './metadata.js'

/** A method without parameters; a promise that it returns is awaited. */
type HookDecorator = <M extends () => unknown>(
  prototype: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<M>,
) => void

/**
 * The method runs when a miner starts, once for each instance that is made for its handlers: the handlers' classes and
 * whatever is injected into them, however deep, behind tokens, and shared singletons too. One after the other in the
 * order in which they were constructed, so that what is injected has started before; the port is bound after the last.
 * What it throws stops `listen` with CONFIG, after a stop of what had started.
 *
 * @example
 * \@singleton()
 * class Store {
 *   \@OnStart() async open() { this.connection = await connect() }
 *   \@OnStop() async close() { await this.connection.end() }
 * }
 * @throws LevinError CONFIG for a static method
 */
export const OnStart = (): HookDecorator => hook('start')

/**
 * The method runs when a miner stops, after the last call, in the reverse order of the starts. What it throws is
 * logged, and keeps none of the others from stopping. Not in worker threads, which are ended.
 * @throws LevinError CONFIG for a static method
 */
export const OnStop = (): HookDecorator => hook('stop')

function hook(kind: HookKind): HookDecorator {
  return (prototype, method) => {
    refuseStage3(kind === 'start' ? '@OnStart' : '@OnStop', method)
    if (typeof prototype === 'function') {
      throw new LevinError(
        'CONFIG',
        `${prototype.name}.${String(method)}: hooks are for instances; this method is static`,
      )
    }
    recordHook(prototype, kind, method)
  }
}
