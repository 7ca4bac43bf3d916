import { axonOptions, type ConfigOptions, chainOptions, walletOptions } from '../config/options.js'

export const jsonOption = {
  json: { type: 'flag', help: 'for programs: JSON on standard output, and nothing else' },
} as const satisfies ConfigOptions

/** Which miner is asked. */
export const targetOptions = {
  to: {
    type: 'list',
    help: 'the miner: its hotkey and address, or with --netuid its hotkey or uid',
    value: 'HOTKEY@HOST:PORT',
  },
} as const satisfies ConfigOptions

/** A project's file is for its programs as well: names that a command does not read are no mistakes there. */
export const otherOptions: ConfigOptions = {
  ...walletOptions,
  ...chainOptions,
  ...axonOptions,
  ...targetOptions,
  allow: { type: 'list', help: '' },
  'min-stake': { type: 'number', help: '' },
  rounds: { type: 'integer', help: '' },
}
