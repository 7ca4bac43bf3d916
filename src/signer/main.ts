#!/usr/bin/env node
/** levin-signer: holds the keys of hotkeys, and signs handshakes for miners and validators of this machine. */
import { parseArgs } from 'node:util'
import type { Signer } from '../auth/signer.js'
import { LevinError } from '../errors.js'
import { consoleLogger } from '../logger.js'
import { closeOnSignals } from '../signals.js'
import type { Password } from '../wallet/password.js'
import type { PasswordSource } from '../wallet/secret-source.js'
import {
  hotkeySigner,
  passwordFile,
  readPassword,
  secretSigner,
  walletPlace,
} from '../wallet/wallet-signer.js'
import { SignerServer } from './server.js'

const USAGE = `usage: levin-signer --socket PATH [--allow-group] KEYS
keys, of a wallet or one given:
  --wallet.name NAME        default: BT_WALLET_NAME, BT_WALLET, or default
  --wallet.hotkey NAME      again for each further hotkey; default: BT_WALLET_HOTKEY, or default
  --wallet.path PATH        default: BT_WALLET_PATH, or ~/.bittensor/wallets
  --password-file PATH      default: BT_WALLET_PASSWORD_FILE
  --password-fd NUMBER      an open file descriptor
  --secret-env NAME         a seed or mnemonic in an environment variable, instead of a wallet
  --secret-fd NUMBER        a seed or mnemonic from an open file descriptor, instead of a wallet
the socket has mode 0600, so that its owner alone may ask; with --allow-group 0660`

const logger = consoleLogger()

try {
  const args = parse()
  const server = await SignerServer.listen({
    path: args.socket,
    allowGroup: args['allow-group'],
    signers: await signersOf(args),
    logger,
  })
  closeOnSignals(server)
  console.log(`listening ${args.socket}`)
} catch (error) {
  console.error(`levin-signer: ${LevinError.from(error).message}`)
  process.exitCode = 1
}

type Args = ReturnType<typeof parse>

function parse() {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', default: false },
        socket: { type: 'string' },
        'allow-group': { type: 'boolean', default: false },
        'wallet.name': { type: 'string' },
        'wallet.hotkey': { type: 'string', multiple: true },
        'wallet.path': { type: 'string' },
        'password-file': { type: 'string' },
        'password-fd': { type: 'string' },
        'secret-env': { type: 'string' },
        'secret-fd': { type: 'string' },
      },
    })
    if (values.help) {
      console.log(USAGE)
      process.exit(0)
    }
    if (values.socket === undefined) throw new LevinError('CONFIG', '--socket is missing')
    return { ...values, socket: values.socket }
  } catch (error) {
    // An argument that there is not may be a secret that somebody thought could stand there.
    const reason = error instanceof LevinError ? error.message : 'there is an argument that it does not know'
    throw new LevinError('CONFIG', `${reason}\n${USAGE}`)
  }
}

async function signersOf(args: Args): Promise<Signer[]> {
  if (args['secret-env'] !== undefined) return [await secretSigner({ env: args['secret-env'] }, logger)]
  if (args['secret-fd'] !== undefined) {
    return [await secretSigner({ fd: descriptor('secret-fd', args['secret-fd']) }, logger)]
  }
  const source = passwordSource(args)
  // One password for all, so that its key, which takes seconds, is made once.
  let password: Promise<Password> | undefined
  const unlock = async (): Promise<Password | undefined> => {
    if (source !== undefined) password ??= readPassword(source, logger)
    return password
  }
  const signers: Signer[] = []
  try {
    for (const hotkey of args['wallet.hotkey'] ?? [undefined]) {
      const place = walletPlace({ name: args['wallet.name'], hotkey, path: args['wallet.path'] })
      signers.push(await hotkeySigner(place, unlock, logger))
    }
  } finally {
    await password?.then(
      (given) => given.wipe(),
      () => undefined,
    )
  }
  return signers
}

function passwordSource(args: Args): PasswordSource | undefined {
  if (args['password-fd'] !== undefined) return { fd: descriptor('password-fd', args['password-fd']) }
  return args['password-file'] === undefined ? passwordFile() : { file: args['password-file'] }
}

function descriptor(name: string, text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text)
  throw new LevinError('CONFIG', `--${name} is the number of an open file descriptor`)
}
