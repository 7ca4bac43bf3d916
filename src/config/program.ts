import { LevinError } from '../errors.js'
import type { ConfigOptions, ConfigValues } from './options.js'
import { type Config, type ConfigSources, readConfig } from './read-config.js'
import { helpOf } from './usage.js'

/** What a program ends with that was told what cannot be. */
const WRONG_USE = 2

/**
 * As {@link readConfig}, for the first lines of a program: `--help` and a mistake are told, and end the process.
 * @param usage the first line of `--help`: `usage: node dist/miner.js [OPTIONS]`
 * @param sources `file` as in {@link ConfigSources}
 */
export async function programConfig<O extends ConfigOptions>(
  usage: string,
  options: O,
  sources: Pick<ConfigSources, 'file'> = {},
): Promise<ConfigValues<O>> {
  return (await told(usage, options, sources)).values
}

/** As {@link programConfig}, for a program that takes arguments without names as well. */
export const programArguments = <O extends ConfigOptions>(
  usage: string,
  options: O,
  sources: Pick<ConfigSources, 'file'> = {},
): Promise<Config<O>> => told(usage, options, { ...sources, positionals: true })

async function told<O extends ConfigOptions>(
  usage: string,
  options: O,
  sources: ConfigSources,
): Promise<Config<O>> {
  if (process.argv.includes('--help')) {
    console.log(helpOf(usage, options, sources.file))
    process.exit(0)
  }
  try {
    return await readConfig(options, sources)
  } catch (error) {
    console.error(LevinError.from(error).message)
    process.exit(WRONG_USE)
  }
}
