// Format and lints of both crates: the engine, and the peers that interop runs against. Any warning fails.
import { engineCrate, hasCargoFor, peersCrate, runCargo } from './cargo.mjs'

const STEPS = [
  ['fmt', '--check'],
  ['clippy', '--all-targets', '--locked', '--quiet', '--', '-D', 'warnings'],
]

if (hasCargoFor('the check of Rust (fmt, clippy)', ['fmt', 'clippy'])) {
  for (const crate of [engineCrate, peersCrate]) {
    for (const args of STEPS) {
      if (runCargo(crate, args).ok) continue
      console.error(`cargo ${args[0]} is not content with ${crate}`)
      process.exitCode = 1
    }
  }
}
