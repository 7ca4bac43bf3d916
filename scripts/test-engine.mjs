// The engine's own tests: what can be tested of it without Node.
import { engineCrate, hasCargoFor, runCargo } from './cargo.mjs'

if (hasCargoFor("the engine's own tests") && !runCargo(engineCrate, ['test', '--locked']).ok)
  process.exitCode = 1
