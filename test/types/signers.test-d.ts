/** Where a key may come from, and what does not compile. Compiled by types.test.ts, never run. */
import { expectTypeOf } from 'vitest'
import {
  callbackSigner,
  Miner,
  mnemonicSigner,
  open,
  type PasswordSource,
  type SecretSource,
  type Signer,
  type SocketSignerOptions,
  secretSigner,
  seedSigner,
  silentLogger,
  socketSigner,
  Validator,
  type WalletOptions,
  walletSigner,
} from '../../src/index.js'

declare const maybe: string | undefined

export async function fine(): Promise<void> {
  expectTypeOf(await walletSigner()).toEqualTypeOf<Signer>()
  await walletSigner({})
  await walletSigner({ name: 'alice', hotkey: 'miner1', path: '/wallets', logger: silentLogger })
  await walletSigner({ name: maybe, hotkey: maybe, path: maybe, password: undefined })
  await walletSigner({ password: { file: '/run/password' } })
  await walletSigner({ password: { fd: 3 } })
  await walletSigner({ password: () => 'asked for' })
  await walletSigner({ password: async () => new Uint8Array() })
  expectTypeOf(mnemonicSigner('words')).toEqualTypeOf<Signer>()
  expectTypeOf(seedSigner(new Uint8Array(32))).toEqualTypeOf<Signer>()
  expectTypeOf(await secretSigner({ env: 'MINER_SEED' })).toEqualTypeOf<Signer>()
  await secretSigner({ fd: 3 }, silentLogger)
  await secretSigner({ file: '/run/seed' })
  await secretSigner(() => 'words')
  expectTypeOf(await socketSigner('/run/signer.sock')).toEqualTypeOf<Signer>()
  await socketSigner('/run/signer.sock', { hotkey: maybe, timeoutMs: 5 })
  expectTypeOf(callbackSigner('5F', async () => new Uint8Array(64))).toEqualTypeOf<Signer>()
  new Miner({ signer: await walletSigner(), access: open() })
  expectTypeOf<PasswordSource>().toExtend<SecretSource>()
}

export async function notWallets(): Promise<void> {
  // @ts-expect-error an option that there is not
  await walletSigner({ wallet: 'alice' })
  // @ts-expect-error btcli's name of an option
  await walletSigner({ wallet_name: 'alice' })
  // @ts-expect-error a name is a text
  await walletSigner({ name: 1 })
  // @ts-expect-error the options are an object
  await walletSigner('alice')
  // @ts-expect-error a password is never a text in a program
  await walletSigner({ password: 'secret' })
  // @ts-expect-error nor bytes
  await walletSigner({ password: new Uint8Array() })
  // @ts-expect-error nor in a variable of the environment, which programs that we start would inherit
  await walletSigner({ password: { env: 'PASSWORD' } })
  // @ts-expect-error a descriptor is a number
  await walletSigner({ password: { fd: '3' } })
  // @ts-expect-error a function that gives something else
  await walletSigner({ password: () => 3 })
  // @ts-expect-error an option that there is not, beside one that there is
  await walletSigner({ password: { file: '/run/password', encoding: 'utf8' } })
}

export async function notSecrets(): Promise<void> {
  // @ts-expect-error the secret itself: mnemonicSigner and seedSigner take it
  await secretSigner('words')
  // @ts-expect-error a variable has a name
  await secretSigner({ env: undefined })
  // @ts-expect-error a source that there is not
  await secretSigner({ arg: 'MINER_SEED' })
  // @ts-expect-error there is no default
  await secretSigner()
  // @ts-expect-error a mnemonic is a text
  mnemonicSigner(['bottom', 'drive'])
  // @ts-expect-error and no more than that
  mnemonicSigner('words', 'passphrase')
  // @ts-expect-error a seed is bytes or hex
  seedSigner(1)
}

export async function notSockets(): Promise<void> {
  // @ts-expect-error the path is missing
  await socketSigner()
  // @ts-expect-error an option that there is not
  await socketSigner('/run/signer.sock', { timeout: 5 })
  // @ts-expect-error the path is no option
  await socketSigner({ path: '/run/signer.sock' })
  // @ts-expect-error milliseconds are a number
  await socketSigner('/run/signer.sock', { timeoutMs: '5' })
}

export async function notSigners(options: WalletOptions, socket: SocketSignerOptions): Promise<void> {
  // @ts-expect-error a signer is waited for
  new Miner({ signer: walletSigner(), access: open() })
  // @ts-expect-error here, too
  new Validator({ signer: socketSigner('/run/signer.sock') })
  // @ts-expect-error the options of a wallet are no signer
  new Validator({ signer: options })
  // @ts-expect-error options are not written to
  options.name = 'bob'
  // @ts-expect-error nor these
  socket.hotkey = '5F'
}
