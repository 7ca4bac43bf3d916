/** The only caller of Reflect: where decorators write and the miner's `register` reads. */
import { LevinError } from '../errors.js'
import 'reflect-metadata'
import type { SynapseDefinition } from '../contract/definition.js'

/** TypeScript's own key. */
const TYPES = 'design:paramtypes'
const HANDLERS = Symbol.for('levin:handlers')
const HOOKS = { start: Symbol.for('levin:on-start'), stop: Symbol.for('levin:on-stop') }

/** A method that answers a synapse. */
export interface HandlerRecord {
  readonly method: string | symbol
  readonly definition: SynapseDefinition
  /** URL of the module whose class runs in worker threads. */
  readonly worker?: string
}

/** When a hook runs. */
export type HookKind = keyof typeof HOOKS

type ClassOf = abstract new (...args: never[]) => object

export function recordHandler(prototype: object, record: HandlerRecord): void {
  const own: HandlerRecord[] = Reflect.getOwnMetadata(HANDLERS, prototype) ?? []
  Reflect.defineMetadata(HANDLERS, [...own, record], prototype)
}

/** The handlers of a class and its ancestors, but not an ancestor's of a method that is overridden with its own. */
export function handlersOf(type: ClassOf): HandlerRecord[] {
  const found: HandlerRecord[] = []
  for (let at: object | null = type.prototype; at !== null; at = Object.getPrototypeOf(at)) {
    const own: HandlerRecord[] = Reflect.getOwnMetadata(HANDLERS, at) ?? []
    found.push(...own.filter(({ method }) => !found.some((record) => record.method === method)))
  }
  return found
}

export function recordHook(prototype: object, kind: HookKind, method: string | symbol): void {
  const own: (string | symbol)[] = Reflect.getOwnMetadata(HOOKS[kind], prototype) ?? []
  Reflect.defineMetadata(HOOKS[kind], [...own, method], prototype)
}

/** The hooks of an instance's class and its ancestors: an ancestor's first, and each method once. */
export function hooksOf(instance: object, kind: HookKind): (string | symbol)[] {
  const found: (string | symbol)[] = []
  for (let at = Object.getPrototypeOf(instance); at !== null; at = Object.getPrototypeOf(at)) {
    found.unshift(...(Reflect.getOwnMetadata(HOOKS[kind], at) ?? []))
  }
  return [...new Set(found)]
}

/** For messages: what to do when there are no types. */
export const NO_TYPES =
  'the compiler emits no decorator metadata: set "emitDecoratorMetadata": true in tsconfig.json, and compile with ' +
  'tsc, swc or vite 8 (esbuild and tsx do not emit it)'

/**
 * A compiler without `experimentalDecorators` gives a decorator the method itself and a context, not a prototype and a name.
 * @param called what the decorator was given second
 * @throws LevinError CONFIG for a context
 */
export function refuseStage3(decorator: string, called: unknown): void {
  if (typeof called !== 'object') return
  throw new LevinError(
    'CONFIG',
    `${decorator}: the compiler calls decorators as ECMAScript's proposal has it: set "experimentalDecorators": true and ` +
      `"emitDecoratorMetadata": true in tsconfig.json, and compile with tsc, swc or vite 8; or use miner.synapse(), which ` +
      'needs no decorator',
  )
}

/** Whether the compiler emitted the types of a method's parameters, as it does for each one with a decorator. */
export const hasTypes = (prototype: object, method: string | symbol): boolean =>
  Reflect.hasMetadata(TYPES, prototype, method)

/** The same of a class's constructor; true too when it did for one of the class's handlers, so that it would have. */
export const hasConstructorTypes = (type: ClassOf): boolean =>
  Reflect.hasMetadata(TYPES, type) || handlersOf(type).some(({ method }) => hasTypes(type.prototype, method))

/** The class that TypeScript emitted for a method's first parameter; undefined when it is none, or was not emitted. */
export function firstParameterOf(prototype: object, method: string | symbol): unknown {
  const types: unknown = Reflect.getMetadata(TYPES, prototype, method)
  return Array.isArray(types) ? types[0] : undefined
}
