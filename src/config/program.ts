import { LevinError } from '../errors.js'
import type { ConfigOptions, ConfigValues } from './options.js'
import { type ConfigSources, readConfig } from './read-config.js'
import { usageOf } from './usage.js'

/** What a program ends with that was told what cannot be. */
const WRONG_USE = 2

/**
 * As {@link readConfig}, for the first lines of a program: `--help` and a mistake are told, and end the process.
 * @param usage the first line of `--help`: `usage: node dist/miner.js [OPTIONS]`
 * @param file as in {@link ConfigSources}
 */
export async function programConfig<O extends ConfigOptions>(
  usage: string,
  options: O,
  { file }: Pick<ConfigSources, 'file'> = {},
): Promise<ConfigValues<O>> {
  if (process.argv.includes('--help')) {
    const usual = file === undefined ? '' : `; default ${file}, when it is there`
    console.log(`${usage}\n${usageOf(options)}\n  --config FILE: JSON with such names${usual}`)
    process.exit(0)
  }
  try {
    return (await readConfig(options, { ...(file !== undefined && { file }) })).values
  } catch (error) {
    console.error(LevinError.from(error).message)
    process.exit(WRONG_USE)
  }
}
