/** The engine that a miner or a validator runs on, loaded once it is needed. */
import { useNative } from './auth/sr25519.js'
import type { Logger } from './logger.js'
import type { Engine } from './transport/engine.js'
import { type EngineChoice, loadEngine } from './transport/load-engine.js'

/** @throws LevinError CONFIG when the engine that was asked for cannot be loaded */
export async function startEngine(choice: EngineChoice, logger: Logger): Promise<Engine> {
  const { engine, notice } = await loadEngine(choice)
  if (notice !== undefined) logger.warn(notice)
  if (engine.sr25519 !== undefined) useNative(engine.sr25519)
  return engine
}
