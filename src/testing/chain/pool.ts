/** Transactions that were accepted and wait for the next block. */
import { encodeHotkey } from '../../auth/ss58.js'
import type { Block } from './blocks.js'
import { hashOf, toHex } from './hash.js'
import { decodeTransaction, type Transaction } from './transaction.js'
import { type Ledger, type Refusal, refusalOf } from './validity.js'

/** What becomes of a transaction. */
export type Watcher = (
  status: 'ready' | 'invalid' | { readonly inBlock: string } | { readonly finalized: string },
) => void

interface Waiting {
  readonly transaction: Transaction
  readonly watch: Watcher | undefined
}

export type Submitted =
  | { readonly hash: string }
  | { readonly refusal: Refusal }
  /** The very same transaction waits already. */
  | 'already imported'

export class Pool {
  readonly #waiting = new Map<string, Waiting>()

  constructor(private readonly ledger: Ledger) {}

  /** @throws RangeError when the bytes are no serve_axon */
  submit(encoded: Uint8Array, watch?: Watcher): Submitted {
    const transaction = decodeTransaction(encoded)
    const hash = toHex(hashOf(encoded))
    if (this.#waiting.has(hash)) return 'already imported'
    const refusal = refusalOf(transaction, this.ledger, 'submitted')
    if (refusal !== undefined) return { refusal }
    this.#waiting.set(hash, { transaction, watch })
    watch?.('ready')
    return { hash }
  }

  /** The account's nonce, counted on through what waits. */
  nextNonce(hotkey: string): number {
    let nonce = this.ledger.nonce(hotkey)
    const waiting = new Set(this.#of(hotkey).map(({ transaction }) => transaction.nonce))
    while (waiting.has(nonce)) nonce++
    return nonce
  }

  /**
   * Takes out what may go into the next block, each account's in the order of its nonces. What is refused by now is
   * forgotten; what is ahead of its account's nonce waits on.
   * @param apply makes it part of the state
   */
  take(apply: (transaction: Transaction, hotkey: string) => void): Waiting[] {
    const taken: Waiting[] = []
    const inOrder = [...this.#waiting].sort(([, a], [, b]) => a.transaction.nonce - b.transaction.nonce)
    for (const [hash, waiting] of inOrder) {
      const { transaction } = waiting
      const hotkey = encodeHotkey(transaction.publicKey)
      if (transaction.nonce > this.ledger.nonce(hotkey)) continue
      this.#waiting.delete(hash)
      if (refusalOf(transaction, this.ledger, 'submitted') !== undefined) {
        waiting.watch?.('invalid')
        continue
      }
      apply(transaction, hotkey)
      taken.push(waiting)
    }
    return taken
  }

  #of(hotkey: string): Waiting[] {
    return [...this.#waiting.values()].filter(
      ({ transaction }) => encodeHotkey(transaction.publicKey) === hotkey,
    )
  }
}

/** Tells who watches that the block is there, and final. */
export function tellWatchers(taken: readonly Waiting[], block: Block): void {
  for (const { watch } of taken) {
    watch?.({ inBlock: block.hash })
    watch?.({ finalized: block.hash })
  }
}
