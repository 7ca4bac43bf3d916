/** Levin's validator in the benchmark, and the miner that it asks. */
import { type Axon, seedSigner, silentLogger, Validator } from 'levin'
import { numberOption } from './arguments.js'

/** The peers in Rust take 300 ms; V8 still compiles what it runs then, which a validator that is up for days does not. */
export const WARM_UP_MS = 1000

export const axon: Axon = {
  hotkey: '5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH',
  host: '127.0.0.1',
  port: numberOption('port'),
}

export const start = (): Validator =>
  new Validator({
    signer: seedSigner(new Uint8Array(32).fill(2)),
    logger: silentLogger,
    timeoutMs: 30_000,
  })
