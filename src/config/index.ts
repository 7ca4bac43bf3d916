/**
 * What a program is told by its command line, the environment and a file.
 * @module levin/config
 */
export {
  axonOptions,
  type ConfigOption,
  type ConfigOptions,
  type ConfigValues,
  chainOptions,
  type FlagOption,
  type ListOption,
  type NumberOption,
  type TextOption,
  walletOptions,
} from './options.js'
export { signerFrom, subnetFrom } from './parts.js'
export { programArguments, programConfig } from './program.js'
export { type Config, type ConfigSources, readConfig } from './read-config.js'
