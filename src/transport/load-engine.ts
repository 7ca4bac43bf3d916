/** Which QUIC engine: only the one that is chosen is loaded. */
import { inspect } from 'node:util'
import { LevinError } from '../errors.js'
import type { Engine, EngineName } from './engine.js'

/** `auto`: quinn where it loads, else quiche. An engine itself is one that needs no loading. */
export type EngineChoice = 'auto' | EngineName | Engine

const CHOICES: readonly Exclude<EngineChoice, Engine>[] = ['auto', 'quinn', 'quiche']

/**
 * The engine that an option asks for; without one, that of the environment variable `LEVIN_ENGINE`, or `auto`.
 * @param where whose option it is, for the message
 * @throws LevinError CONFIG for one that there is not
 */
export function checkEngine(where: string, given: EngineChoice | undefined): EngineChoice {
  if (typeof given === 'object' && given !== null && isEngine(given)) return given
  const name = given === undefined ? 'the environment variable LEVIN_ENGINE' : `${where}: engine`
  const value = given ?? process.env.LEVIN_ENGINE ?? 'auto'
  const choice = CHOICES.find((known) => known === value)
  if (choice !== undefined) return choice
  throw new LevinError(
    'CONFIG',
    `${name} is ${inspect(value, { depth: 0 })}; it is one of ${CHOICES.join(', ')}`,
  )
}

const isEngine = ({ listen, dialler }: Engine): boolean =>
  typeof listen === 'function' && typeof dialler === 'function'

export interface LoadedEngine {
  readonly engine: Engine
  /** With `auto`: why it is not the faster one, and what to do. Given to the first who asks. */
  readonly notice?: string
}

const loaded = new Map<EngineName, Promise<Engine>>()
let wasNoticed = false

/** @throws LevinError CONFIG when the engine that was asked for cannot be loaded */
export async function loadEngine(choice: EngineChoice): Promise<LoadedEngine> {
  if (typeof choice === 'object') return { engine: choice }
  if (choice !== 'auto') return { engine: await load(choice) }
  try {
    return { engine: await load('quinn') }
  } catch (error) {
    const why = LevinError.from(error).message
    const engine = await load('quiche').catch((cause) => {
      // quiche is there for few systems: what to do is in what was said of quinn.
      throw new LevinError('CONFIG', `${why}; and ${LevinError.from(cause).message}`, { cause })
    })
    if (wasNoticed) return { engine }
    wasNoticed = true
    return { engine, notice: `${why}; running on quiche, which is slower` }
  }
}

function load(name: EngineName): Promise<Engine> {
  const before = loaded.get(name)
  if (before !== undefined) return before
  const engine = name === 'quinn' ? importQuinn() : importQuiche()
  loaded.set(name, engine)
  return engine
}

const importQuinn = async (): Promise<Engine> => (await import('./quinn/engine.js')).loadQuinn()

async function importQuiche(): Promise<Engine> {
  try {
    return (await import('./quiche/engine.js')).quicheEngine
  } catch (cause) {
    const why = LevinError.from(cause).message
    throw new LevinError('CONFIG', `the engine quiche (@matrixai/quic) cannot be loaded here: ${why}`, {
      cause,
    })
  }
}
