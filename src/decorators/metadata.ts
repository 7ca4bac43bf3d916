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

/** The handlers of a class and its ancestors, but not an ancestor's of a method that is overridden with its own. */
export function handlersOf(type: ClassOf): HandlerRecord[] {
  const found: HandlerRecord[] = []
  for (let at: object | null = type.prototype; at !== null; at = Object.getPrototypeOf(at)) {
    const own: HandlerRecord[] = Reflect.getOwnMetadata(HANDLERS, at) ?? []
    found.push(...own.filter(({ method }) => !found.some((record) => record.method === method)))
  }
  return found
}

/** The class that TypeScript emitted for a method's first parameter; undefined when it is none, or was not emitted. */
export function firstParameterOf(prototype: object, method: string | symbol): unknown {
  const types: unknown = Reflect.getMetadata('design:paramtypes', prototype, method)
  return Array.isArray(types) ? types[0] : undefined
}
