/** The names that code fragments in the docs may use without saying where they come from; docs/README.md says so, too. */
import type { Axon, MetagraphSource, Miner, MinerConnection, Signer, Validator } from 'levin'

declare global {
  /** The hotkey of this program. */
  const signer: Signer
  /** Who is on the subnet. */
  const metagraph: MetagraphSource
  const miner: Miner
  const validator: Validator
  /** Where one miner answers. */
  const axon: Axon
  const axons: Axon[]
  /** `await validator.connect(axon)` */
  const connection: MinerConnection
}
