/** `levin/config`: what a program is told by its command line, the environment and a file. */
export {
  axonOptions,
  type ConfigOption,
  type ConfigOptions,
  type ConfigValues,
  chainOptions,
  walletOptions,
} from './options.js'
export { signerFrom, subnetFrom } from './parts.js'
export { programArguments, programConfig } from './program.js'
export { type Config, type ConfigSources, readConfig } from './read-config.js'
