// Format and lints of the crates: the engine, and the peers that interop runs against. Any warning fails.
import { engineCrate, hasCargoFor, peersCrate, runCargo, subtensorCrate } from './cargo.mjs'

const FORMAT = ['fmt', '--check']
const LINTS = ['clippy', '--all-targets', '--locked', '--quiet', '--', '-D', 'warnings']
/** The third is one file, for which the lints would compile 500 crates. */
const CHECKS = [
  [engineCrate, [FORMAT, LINTS]],
  [peersCrate, [FORMAT, LINTS]],
  [subtensorCrate, [FORMAT]],
]

if (hasCargoFor('the check of Rust (fmt, clippy)', ['fmt', 'clippy'])) {
  for (const [crate, steps] of CHECKS) {
    for (const args of steps) {
      if (runCargo(crate, args).ok) continue
      console.error(`cargo ${args[0]} is not content with ${crate}`)
      process.exitCode = 1
    }
  }
}
