/** What each command of `levin` is. */
import type { ConfigOptions, ConfigValues } from '../config/options.js'
import type { Output } from './output.js'

export interface Command<O extends ConfigOptions = ConfigOptions> {
  /** What stands behind `levin`, on one line: `call SYNAPSE [JSON] --to HOTKEY@HOST:PORT`. */
  readonly usage: string
  /** What it does, a sentence or two for its `--help`. */
  readonly about: string
  readonly options: O
  /** What it reads when it is there, as `--config` says another. */
  readonly file?: string
  /** How many arguments without a name it takes. */
  readonly positionals: { readonly least: number; readonly most: number }
  /** @returns the exit code, one of `exit-codes.ts` */
  run(values: ConfigValues<O>, positionals: readonly string[], output: Output): Promise<number>
}

/** For the types: a command's values are of its own options. */
export const defineCommand = <const O extends ConfigOptions>(made: Command<O>): Command<O> => made
