#!/usr/bin/env node
import { nearest } from '../config/nearest.js'
/** levin: the command for whoever writes and runs miners and validators. */
import { readConfig } from '../config/read-config.js'
import { helpOf } from '../config/usage.js'
import { LevinError } from '../errors.js'
import type { Command } from './command.js'
import { Exit, exitCodeOf } from './exit-codes.js'
import { Output } from './output.js'
import { jsonOption, otherOptions } from './shared-options.js'

/** Each is loaded when it is asked for. */
const COMMANDS: Readonly<
  Record<string, { readonly summary: string; load(): Promise<{ readonly command: unknown }> }>
> = {
  init: {
    summary: 'make a new project: miner, validator, tests, Docker',
    load: () => import('./commands/init.js'),
  },
  call: { summary: 'ask a miner a synapse, with JSON', load: () => import('./commands/call.js') },
  doctor: {
    summary: 'look for what keeps a miner from being asked',
    load: () => import('./commands/doctor.js'),
  },
  inspect: {
    summary: 'which synapses a module has, as JSON Schema',
    load: () => import('./commands/inspect.js'),
  },
  keys: { summary: 'make, show and check hotkeys in files', load: () => import('./commands/keys.js') },
  bench: { summary: 'load on a miner of your own', load: () => import('./commands/bench.js') },
  top: {
    summary: 'what a miner or validator does now, in a terminal',
    load: () => import('./commands/top.js'),
  },
}

const USAGE = `usage: levin COMMAND [OPTIONS]
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(8)}  ${summary}`)
  .join('\n')}
each has --help and --json; what it ends with: 0 done, 1 not well, 2 wrong use, 3 not reached`

process.exitCode = await main(process.argv.slice(2))

async function main([name, ...args]: string[]): Promise<number> {
  const output = new Output(args.includes('--json'))
  try {
    if (name === undefined || name === '--help' || name === 'help') {
      output.raw(`${USAGE}\n`)
      return name === undefined ? Exit.wrongUse : Exit.done
    }
    const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
    if (entry === undefined) throw new LevinError('CONFIG', `there is no command ${name}: ${meantBy(name)}`)
    return await run((await entry.load()).command as Command, args, output)
  } catch (error) {
    const failure = LevinError.from(error)
    output.failed(failure)
    return exitCodeOf(failure.code)
  }
}

async function run(command: Command, args: string[], output: Output): Promise<number> {
  const options = { ...command.options, ...jsonOption }
  if (args.includes('--help')) {
    output.raw(`${helpOf(`usage: levin ${command.usage}\n${command.about}`, options, command.file)}\n`)
    return Exit.done
  }
  const { least, most } = command.positionals
  const { values, positionals } = await readConfig(options, {
    args,
    positionals: most > 0,
    others: otherOptions,
    ...(command.file !== undefined && { file: command.file }),
  })
  if (positionals.length < least || positionals.length > most)
    throw new LevinError('CONFIG', `usage: levin ${command.usage}`)
  return command.run(values, positionals, output)
}

function meantBy(name: string): string {
  const meant = nearest(name, Object.keys(COMMANDS))
  return meant === undefined ? `there are ${Object.keys(COMMANDS).join(', ')}` : `did you mean ${meant}?`
}
