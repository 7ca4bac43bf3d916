import 'reflect-metadata'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// What miners keep is not to be found where this user's own are.
process.env.XDG_STATE_HOME = join(tmpdir(), `levin-tests-${process.getuid?.()}`)
