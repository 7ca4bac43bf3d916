/** What a trial is, and what it is given. */
import { join } from 'node:path'
import { seedSigner } from 'levin'
import { script } from '../bench/peers.js'
import { type Command, type Started, startToLine } from '../bench/processes.js'
import { seedOf } from '../interop/options.js'
import type { PythonPeer } from '../interop/peers/build.js'
import { Victim } from './victim.js'

export type EngineName = 'quinn' | 'quiche'

export interface Trial {
  /** T6 to T17 are those of the threat model. Several trials may have one. */
  readonly id: string
  readonly attack: string
  readonly asked: string
  /** Engines that it makes sense on. Default: all. */
  readonly engines?: readonly EngineName[]
  /** By engine: why it does not hold there. It is tried all the same. */
  readonly knownToFail?: Readonly<Partial<Record<EngineName, string>>>
  /** Takes minutes, or asks for a figure that depends on the machine: left out of a short run. */
  readonly isLong?: boolean
  run(means: Means): Promise<Finding>
}

export interface Finding {
  /** What the attackers sent. */
  readonly packets?: number
  readonly bytes?: number
  /** Bytes of the attacked process after a collection: before, and the most meanwhile. */
  readonly memory?: readonly [number, number]
  /** Milliseconds, of the honest peer: before and during. */
  readonly p99Ms?: readonly [number, number]
  readonly measured: string
  readonly holds: boolean
}

/** What an attacker says of itself when it is done. */
export interface Sent {
  readonly packets: number
  readonly bytes: number
  /** Bytes that came back. */
  readonly received: number
  readonly connections: number
  /** Of those, the miner ended so many. */
  readonly closed: number
  /** Requests that were in order: the miner has run as many, and no others. */
  readonly asked?: number
  /** What the attacker saw of the miner. */
  readonly notes?: readonly string[]
}

/** Whom the unpinned miner lets change its port. */
export const UNPINNED_HOST = '127.9.9.9'
/** The validator that aioquic is: its seed is written there as well. */
const ROGUE_SEED = 8
const ATTACK_MS = 600_000

export class Means {
  readonly engine: EngineName
  readonly isShort: boolean
  readonly seed: number
  readonly soakMs: number
  readonly #python: () => Promise<PythonPeer>
  readonly #folder: string
  #miners = 0
  #attackers = 0

  /** @param folder for what is needed meanwhile */
  constructor(options: {
    engine: EngineName
    isShort: boolean
    seed: number
    soakMs: number
    folder: string
    python: () => Promise<PythonPeer>
  }) {
    this.engine = options.engine
    this.isShort = options.isShort
    this.seed = options.seed
    this.soakMs = options.soakMs
    this.#folder = options.folder
    this.#python = options.python
  }

  /** A size that a short run does a part of. */
  size(full: number, short: number): number {
    return this.isShort ? short : full
  }

  miner(...args: string[]): Promise<Victim> {
    return Victim.start(join(this.#folder, `miner-${this.#miners++}`), args)
  }

  /** A program of this suite that attacks, from its start until it says what it sent. */
  attacker(program: string, options: Readonly<Record<string, string | number>>): Promise<Attacker> {
    return this.#attack(script(`../hostile/${program}`, ...argumentsOf(this.#seeded(options))))
  }

  /** @param attack of aioquic's program. @param isValidator whether it proves itself first */
  async aioquic(
    attack: string,
    isValidator: boolean,
    options: Readonly<Record<string, string | number>>,
  ): Promise<Attacker> {
    const { python, script: file } = await this.#python()
    const hotkey = isValidator ? { hotkey: seedSigner(seedOf(ROGUE_SEED)).hotkey } : {}
    const args = argumentsOf(this.#seeded({ ...options, ...hotkey }))
    return this.#attack({ file: python, args: [file, attack, ...args] })
  }

  #seeded(options: Readonly<Record<string, string | number>>) {
    return { ...options, seed: this.seed + this.#attackers++ }
  }

  async #attack(command: Command): Promise<Attacker> {
    // Where it attacks in earnest, it has a machine of its own.
    const nice = { file: 'nice', args: ['-n', '10', command.file, ...command.args] }
    const started = await startToLine('the attacker', nice, ATTACK_MS)
    return { ...started, sent: JSON.parse(started.line) as Sent }
  }
}

export interface Attacker extends Started {
  readonly sent: Sent
}

const argumentsOf = (options: Readonly<Record<string, string | number>>): string[] =>
  Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
