import { container as globalContainer, Lifecycle } from 'tsyringe'
import { handlersOf } from '../decorators/metadata.js'
import { LevinError } from '../errors.js'
import type { DependencyContainer } from '../server/dispatch/container.js'

/** What `override` made. */
export interface Override {
  readonly token: Token
  readonly fake: unknown
}

type AnyClass<T extends object = object> = abstract new (...args: never[]) => T
type Token = AnyClass | string | symbol

/** All that others see of a class: an object without its private fields will do. */
type PublicOf<T> = { [K in keyof T]: T[K] }

/**
 * What is injected in place of a service.
 * @param token the class that handlers name in their constructors, or the token of `@inject(token)`
 * @param fake has all that the class has in public
 * @throws LevinError CONFIG for a class with handlers: a test that replaces what it tests shows nothing
 *
 * @example override(WeatherModel, { run: () => [21] })
 */
export function override<T extends object>(token: AnyClass<T>, fake: PublicOf<T>): Override
export function override(token: string | symbol, fake: unknown): Override
export function override(token: Token, fake: unknown): Override {
  if (typeof token === 'function' && handlersOf(token).length > 0) {
    throw new LevinError(
      'CONFIG',
      `override: ${token.name} answers synapses, and is what the test is about: replace what is injected into it`,
    )
  }
  if (!['function', 'string', 'symbol'].includes(typeof token) || token === '') {
    throw new LevinError(
      'CONFIG',
      'override takes the class or the token that is injected, and what is in its place',
    )
  }
  return { token, fake }
}

/** What tsyringe knows of a token; it has no public name for that. */
interface Registration {
  readonly provider: unknown
  readonly options: { readonly lifecycle: Lifecycle }
}
interface Registrations {
  getRegistration(token: unknown): Registration | null
  getAllRegistrations(token: unknown): Registration[] | null
}

/**
 * The application's container as one test sees it: with what is overridden, and with singletons of its own, since one that
 * was made with a fake inside would be there for every later test.
 */
export function testContainer(
  overrides: readonly Override[],
  parent: DependencyContainer = globalContainer,
): DependencyContainer {
  const container = parent.createChildContainer()
  const { getRegistration, getAllRegistrations } = container as unknown as Registrations
  const copies = new Map<Registration, Registration>()
  const own = (registration: Registration): Registration => {
    const { provider, options } = registration
    if (options.lifecycle !== Lifecycle.Singleton) return registration
    const copy = copies.get(registration) ?? { provider, options }
    copies.set(registration, copy)
    return copy
  }
  const isolated: Registrations = {
    getRegistration(token) {
      const registration = getRegistration.call(container, token)
      return registration === null ? null : own(registration)
    },
    getAllRegistrations: (token) => getAllRegistrations.call(container, token)?.map(own) ?? null,
  }
  Object.assign(container, isolated)
  for (const { token, fake } of overrides) container.registerInstance(token as never, fake as never)
  return container
}
