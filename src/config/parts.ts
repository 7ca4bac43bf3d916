/** From what was given to what the rest of Levin takes. */
import type { Signer } from '../auth/signer.js'
import type { Logger } from '../logger.js'
import { socketSigner } from '../signer/socket-signer.js'
import type { Network } from '../subtensor/networks.js'
import type { WhichChain } from '../subtensor/options.js'
import { walletSigner } from '../wallet/wallet-signer.js'
import type { ConfigValues, chainOptions, walletOptions } from './options.js'

/** The hotkey that `walletOptions` name. @throws LevinError CONFIG as `walletSigner` and `socketSigner` do */
export function signerFrom(values: ConfigValues<typeof walletOptions>, logger?: Logger): Promise<Signer> {
  if (values.signer !== undefined) return socketSigner(values.signer)
  const file = values['wallet.password-file']
  return walletSigner({
    name: values['wallet.name'],
    hotkey: values['wallet.hotkey'],
    path: values['wallet.path'],
    ...(file !== undefined && { password: { file } }),
    logger,
  })
}

/** The subnet that `chainOptions` name, as `subtensor` and `publishAxon` take it; undefined without a netuid. */
export function subnetFrom(
  values: ConfigValues<typeof chainOptions>,
): (WhichChain & { readonly netuid: number }) | undefined {
  const { netuid, 'subtensor.network': network, 'subtensor.chain_endpoint': endpoint } = values
  if (netuid === undefined) return undefined
  if (network !== undefined && /^wss?:/.test(network)) return { endpoints: [network], netuid }
  const endpoints = endpoint === undefined ? {} : { endpoints: [endpoint] }
  if (network === undefined && endpoint !== undefined) return { endpoints: [endpoint], netuid }
  return { ...endpoints, network: (network ?? 'finney') as Network, netuid } // subtensor says which names there are
}
