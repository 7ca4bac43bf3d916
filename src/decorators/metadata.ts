/** The only caller of Reflect: where decorators write and the miner's `register` reads. */
import 'reflect-metadata'
import type { SynapseDefinition } from '../contract/definition.js'

const HANDLERS = Symbol.for('levin:handlers')

/** A method that answers a synapse. */
export interface HandlerRecord {
  readonly method: string | symbol
  readonly definition: SynapseDefinition
}

type ClassOf = abstract new (...args: never[]) => object

export function recordHandler(prototype: object, record: HandlerRecord): void {
  const own: HandlerRecord[] = Reflect.getOwnMetadata(HANDLERS, prototype) ?? []
  Reflect.defineMetadata(HANDLERS, [...own, record], prototype)
}

/** The handlers of a class and its ancestors; a method that is overridden with a decorator of its own counts once. */
export function handlersOf(type: ClassOf): HandlerRecord[] {
  const found = new Map<string | symbol, HandlerRecord>()
  for (let at: object | null = type.prototype; at !== null; at = Object.getPrototypeOf(at)) {
    const own: HandlerRecord[] = Reflect.getOwnMetadata(HANDLERS, at) ?? []
    for (const record of own) if (!found.has(record.method)) found.set(record.method, record)
  }
  return [...found.values()]
}

/** The class that TypeScript emitted for a method's first parameter; undefined when it is none, or was not emitted. */
export function firstParameterOf(prototype: object, method: string | symbol): unknown {
  const types: unknown = Reflect.getMetadata('design:paramtypes', prototype, method)
  return Array.isArray(types) ? types[0] : undefined
}
