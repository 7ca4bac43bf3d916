/** What a program can be told, and the options that all programs of Bittensor have, under the names of both generations. */

interface Common {
  /** One line for `--help`. */
  readonly help: string
  /** Other names on the command line and in a file, without dashes. */
  readonly also?: readonly string[]
  /** Variables of the environment; of several that are set, the first one counts. An empty one is none. */
  readonly env?: readonly string[]
  /** What stands for the value in `--help`. */
  readonly value?: string
}

/** A text. */
export interface TextOption extends Common {
  readonly type: 'text'
  readonly default?: string
}

/** A number; `least` and `most` are allowed themselves. */
export interface NumberOption extends Common {
  readonly type: 'integer' | 'number'
  readonly default?: number
  readonly least?: number
  readonly most?: number
}

/** Given or not; in the environment and in a file `true` or `false`. */
export interface FlagOption extends Common {
  readonly type: 'flag'
}

/** Given again for each, with commas between them in the environment, a list in a file. */
export interface ListOption extends Common {
  readonly type: 'list'
}

/** One option: what it takes, its names, its default. */
export type ConfigOption = TextOption | NumberOption | FlagOption | ListOption

/** By their names, without dashes: `axon.port`. */
export type ConfigOptions = Readonly<Record<string, ConfigOption>>

type ValueOf<O extends ConfigOption> = O extends FlagOption
  ? boolean
  : O extends ListOption
    ? readonly string[]
    :
        | (O extends NumberOption ? number : string)
        | (O extends { default: string | number } ? never : undefined)

/** What was given, or the default; `undefined` where there is none. A flag is `false` then, a list empty. */
export type ConfigValues<O extends ConfigOptions> = { readonly [K in keyof O]: ValueOf<O[K]> }

const PORTS = { type: 'integer', least: 0, most: 65_535 } as const

/** Where the hotkey is: a wallet as btcli has it, or a socket of `levin-signer`. */
export const walletOptions = {
  'wallet.name': {
    type: 'text',
    also: ['wallet-name', 'wallet'],
    env: ['BT_WALLET_NAME', 'BT_WALLET'],
    help: 'name of the wallet',
    value: 'NAME',
  },
  'wallet.hotkey': {
    type: 'text',
    also: ['wallet-hotkey', 'hotkey'],
    env: ['BT_WALLET_HOTKEY'],
    help: 'name of its hotkey',
    value: 'NAME',
  },
  'wallet.path': {
    type: 'text',
    also: ['wallet-path'],
    env: ['BT_WALLET_PATH'],
    help: 'folder of all wallets',
    value: 'PATH',
  },
  'wallet.password-file': {
    type: 'text',
    also: ['wallet-password-file'],
    env: ['BT_WALLET_PASSWORD_FILE'],
    help: 'file with the password of an encrypted hotkey',
    value: 'FILE',
  },
  signer: {
    type: 'text',
    env: ['LEVIN_SIGNER'],
    help: 'socket of levin-signer, instead of a wallet',
    value: 'PATH',
  },
} as const satisfies ConfigOptions

/** Which subnet of which chain. */
export const chainOptions = {
  netuid: {
    type: 'integer',
    least: 0,
    most: 65_535,
    env: ['BT_NETUID'],
    help: 'the subnet; without it no chain is read',
    value: 'N',
  },
  'subtensor.network': {
    type: 'text',
    also: ['network'],
    env: ['BT_SUBTENSOR_NETWORK', 'BT_NETWORK'],
    help: 'finney (which it is by default), test, local, or the address of a node, ws://...',
    value: 'NAME',
  },
  'subtensor.chain_endpoint': {
    type: 'text',
    also: ['chain-endpoint'],
    env: ['BT_SUBTENSOR_CHAIN_ENDPOINT', 'BT_CHAIN_ENDPOINT'],
    help: 'a node of your own, ws://... or wss://...; one that serves another network than is named is refused',
    value: 'URL',
  },
} as const satisfies ConfigOptions

/** Where a miner listens, and where others reach it. */
export const axonOptions = {
  'axon.ip': {
    type: 'text',
    also: ['host'],
    env: ['BT_AXON_IP'],
    default: '0.0.0.0',
    help: 'address of this machine to listen on',
    value: 'IP',
  },
  'axon.port': {
    ...PORTS,
    also: ['port'],
    env: ['BT_AXON_PORT'],
    default: 8091,
    help: 'UDP port to listen on',
    value: 'N',
  },
  'axon.external_ip': {
    type: 'text',
    env: ['BT_AXON_EXTERNAL_IP'],
    help: 'address at which others reach it; without it nothing is published',
    value: 'IP',
  },
  'axon.external_port': {
    ...PORTS,
    env: ['BT_AXON_EXTERNAL_PORT'],
    help: 'port at which others reach it, when that is not axon.port',
    value: 'N',
  },
} as const satisfies ConfigOptions

/** The ecosystem's variables: whoever sets one that a program does not read has not misspelt another. */
export const KNOWN_VARIABLES: readonly string[] = [
  ...Object.values<ConfigOption>({ ...walletOptions, ...chainOptions, ...axonOptions }).flatMap(
    ({ env }) => env ?? [],
  ),
  'BT_WALLET_PASSWORD',
  'BT_AXON_MAX_WORKERS',
  'BT_FALLBACK_ENDPOINTS',
  'BT_ARCHIVE_ENDPOINTS',
  'BT_EVM_ENDPOINT',
  'BT_RETRY_FOREVER',
  'BT_SIGNER_ADDRESS',
  'LEVIN_ENGINE',
  'LEVIN_HANG_MS',
  'LEVIN_SUPERVISOR_FD',
]
