/** What code fragments in the docs may use without saying where it comes from; docs/README.md says so, too. */
import type { Axon, MetagraphSource, Miner, MinerConnection, Signer, Validator } from 'levin'

/** The hotkey of this program. */
export declare const signer: Signer
/** Who is on the subnet. */
export declare const metagraph: MetagraphSource
export declare const miner: Miner
export declare const validator: Validator
/** Where one miner answers. */
export declare const axon: Axon
export declare const axons: Axon[]
/** `await validator.connect(axon)` */
export declare const connection: MinerConnection
