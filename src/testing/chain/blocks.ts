/** Blocks with their true hashes, moved by hand. The best one is final. */
import { Buffer } from 'node:buffer'
import type { Clock } from '../../clock.js'
import { hashOf, toHex } from './hash.js'
import { ScaleWriter } from './scale.js'

/** The two answers about one subnet, as they are sent. */
export interface SubnetAnswers {
  readonly neuronsLite: Uint8Array
  readonly subnetState: Uint8Array
  readonly neurons: number
}

/** What is read at a block. Blocks between which nothing changed share it. */
export interface State {
  readonly subnets: ReadonlyMap<number, SubnetAnswers>
  /** Hex. Of a trie in a chain; here a hash that changes with what is read. */
  readonly root: string
}

/** One block. Hashes are 32 bytes in hex, with `0x`. */
export interface Block {
  readonly number: number
  readonly hash: string
  readonly parentHash: string
  readonly stateRoot: string
  readonly extrinsicsRoot: string
  /** Transactions, each without its length. */
  readonly extrinsics: readonly Uint8Array[]
  readonly madeAtMs: number
  /** Undefined once it is too old, as on a node that prunes. */
  state: State | undefined
}

/** A node keeps 256; a test keeps its memory. */
const STATES_KEPT = 32
const NO_HASH = `0x${'00'.repeat(32)}`

export class Blocks {
  readonly #blocks: Block[] = []
  readonly #byHash = new Map<string, Block>()
  readonly #clock: Pick<Clock, 'unixMs'>

  /** @param genesisHash what the first block pretends to be; undefined: its true hash */
  constructor(state: State, clock: Pick<Clock, 'unixMs'>, genesisHash?: string) {
    this.#clock = clock
    this.#add(state, [], genesisHash)
  }

  get best(): Block {
    return this.#blocks.at(-1)!
  }

  get genesis(): Block {
    return this.#blocks[0]!
  }

  at(number: number): Block | undefined {
    return this.#blocks[number]
  }

  find(hash: string): Block | undefined {
    return this.#byHash.get(hash.toLowerCase())
  }

  /** The state before the last change of any, for who mixes two of them; the same one where no other is kept. */
  stateBefore(block: Block): State | undefined {
    for (let number = block.number - 1; number >= 0; number--) {
      const { state } = this.#blocks[number]!
      if (state !== block.state) return state ?? block.state
    }
    return block.state
  }

  add(state: State, extrinsics: readonly Uint8Array[]): Block {
    return this.#add(state, extrinsics)
  }

  #add(state: State, extrinsics: readonly Uint8Array[], hash?: string): Block {
    const number = this.#blocks.length
    const block = {
      number,
      parentHash: this.#blocks.at(-1)?.hash ?? NO_HASH,
      stateRoot: state.root,
      extrinsicsRoot: rootOf(extrinsics),
      extrinsics,
      madeAtMs: this.#clock.unixMs(),
      state,
    }
    const whole: Block = { ...block, hash: hash ?? headerHash(block) }
    this.#blocks.push(whole)
    this.#byHash.set(whole.hash, whole)
    const old = this.#blocks[number - STATES_KEPT]
    if (old !== undefined) old.state = undefined
    return whole
  }
}

/** A header as JSON-RPC shows it. */
export function headerOf({ number, parentHash, stateRoot, extrinsicsRoot }: Block): object {
  return { parentHash, number: `0x${number.toString(16)}`, stateRoot, extrinsicsRoot, digest: { logs: [] } }
}

function headerHash(block: Omit<Block, 'hash'>): string {
  const bytes = (hex: string): Uint8Array => Buffer.from(hex.slice(2), 'hex')
  const header = new ScaleWriter().raw(bytes(block.parentHash)).compact(block.number)
  return toHex(hashOf(header.raw(bytes(block.stateRoot)).raw(bytes(block.extrinsicsRoot)).compact(0).done()))
}

/** What stands for the root of a trie. */
export function rootOf(parts: readonly Uint8Array[]): string {
  return toHex(hashOf(Buffer.concat(parts.map((part) => hashOf(part)))))
}
