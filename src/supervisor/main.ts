#!/usr/bin/env node
/** levin-supervisor: runs a miner or a validator, and starts it again when it hangs or dies. */
import { parseArgs } from 'node:util'
import { LevinError } from '../errors.js'
import { consoleLogger } from '../logger.js'
import { checkHangMs, hangMsOfEnvironment } from '../watchdog/supervised.js'
import { Supervisor } from './supervisor.js'

/** With the beats and the end a hang is noticed within 2 s; a loop that computes for so long answers nobody either. */
const DEFAULT_HANG_MS = 1000

const USAGE = `usage: levin-supervisor [--hang-ms MS] FILE [ARGUMENT...]
runs "node FILE ARGUMENT...", and again when it dies: at once, then after 1 s, doubled to 60 s while it keeps dying
  --hang-ms MS   ends it when its event loop stands still for so long; 0 for never
                 default: LEVIN_HANG_MS, or ${DEFAULT_HANG_MS}
SIGTERM and SIGINT are passed on, and end both`

/** Of ours, and none of the program's. */
const OPTIONS = { help: { type: 'boolean', default: false }, 'hang-ms': { type: 'string' } } as const

try {
  const { hangMs, args } = parse(process.argv.slice(2))
  const supervisor = new Supervisor({ args, hangMs, logger: consoleLogger() })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, (name) => supervisor.stop(name))
  process.exitCode = await supervisor.run()
} catch (error) {
  console.error(`levin-supervisor: ${LevinError.from(error).message}`)
  process.exitCode = 2
}

function parse(given: string[]): { hangMs: number; args: string[] } {
  const { tokens } = parseArgs({ args: given, options: OPTIONS, strict: false, tokens: true })
  const file = tokens.find(({ kind }) => kind === 'positional')?.index ?? given.length
  const values = own(given.slice(0, file))
  if (values.help) {
    console.log(USAGE)
    process.exit(0)
  }
  const args = given.slice(file)
  if (args.length === 0) throw new LevinError('CONFIG', `there is no file to run\n${USAGE}`)
  const text = values['hang-ms']
  if (text !== undefined) return { hangMs: checkHangMs('--hang-ms', Number(text)), args }
  return { hangMs: process.env.LEVIN_HANG_MS ? hangMsOfEnvironment() : DEFAULT_HANG_MS, args }
}

function own(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS }).values
  } catch (error) {
    throw new LevinError('CONFIG', `${LevinError.from(error).message}\n${USAGE}`)
  }
}
