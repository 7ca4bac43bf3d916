/** Miners and a validator of their own for each test, over real sockets, closed after it. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { IsInt, IsString, Max, Min } from 'class-validator'
import { afterEach } from 'vitest'
import {
  type Axon,
  type Call,
  Miner,
  type MinerOptions,
  open,
  type Signer,
  silentLogger,
  synapse,
  Validator,
  type ValidatorOptions,
} from '../../src/index.js'
import { signerOf, validatorSigner } from './hotkeys.js'

export class Task {
  @IsString() text!: string
  @IsInt() @Min(0) @Max(1000) n!: number
}
export class Done {
  @IsString() text!: string
  @IsString() miner!: string
}
class Chunk {
  @IsInt() n!: number
}

export const Work = synapse('Work', { request: Task, response: Done })
export const Safe = synapse('Safe', { request: Task, response: Done, idempotent: true })
export const Count = synapse('Count', { request: Task, stream: Chunk })
export const Bytes = synapse('Bytes', { request: Task, stream: true })
export const Hang = synapse('Hang', { request: Task, response: Done })
export const Rubbish = synapse('Work', {})

export interface TestMiner {
  readonly miner: Miner
  readonly axon: Axon
  /** Calls of `Hang`. */
  readonly hanging: Call[]
  /** Texts of the requests that ran. */
  readonly ran: string[]
}

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

export interface MinerKind {
  readonly signer?: Signer
  readonly port?: number
  /** Answers what its class does not allow. */
  readonly rubbish?: boolean
  /** Never answers. */
  readonly stuck?: boolean
  readonly options?: Partial<MinerOptions>
  /** What else it answers. */
  readonly with?: (miner: Miner) => unknown
}

export async function startMiner(kind: MinerKind = {}): Promise<TestMiner> {
  const { signer = signerOf(1), port = 0, rubbish = false, stuck = false, options } = kind
  const hanging: Call[] = []
  const ran: string[] = []
  const miner = new Miner({ signer, access: open(), logger: silentLogger, drainMs: 0, ...options })
  const work = ({ text }: Task): Done => {
    ran.push(text)
    return { text: text.toUpperCase(), miner: signer.hotkey }
  }
  if (rubbish) miner.synapse(Rubbish, () => ({ nothing: true }))
  else if (stuck) miner.synapse(Work, () => new Promise(() => {}))
  else miner.synapse(Work, work)
  miner
    .synapse(Safe, work)
    .synapse(Hang, (_task, call) => {
      hanging.push(call)
      return new Promise(() => {})
    })
    .synapse(Count, async function* ({ n }) {
      for (let i = 0; i < n; i++) yield { n: i }
    })
    .synapse(Bytes, async function* ({ n }) {
      for (let i = 0; i < n; i++) yield Buffer.alloc(64 * 1024, i)
    })
  kind.with?.(miner)
  const address = await miner.listen({ host: '127.0.0.1', port })
  closing.push(() => miner.close())
  return { miner, axon: { hotkey: signer.hotkey, host: '127.0.0.1', port: address.port }, hanging, ran }
}

/** Miners with a hotkey each. */
export const startMiners = (count: number, kind: MinerKind = {}): Promise<TestMiner[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => startMiner({ ...kind, signer: signerOf(10 + i) })))

export function newValidator(options: Partial<ValidatorOptions> = {}): Validator {
  const validator = new Validator({ signer: validatorSigner, logger: silentLogger, ...options })
  closing.push(() => validator.close())
  return validator
}

/** A port on which nobody answers, and nobody says so. */
export async function silentPort(): Promise<number> {
  const socket = createSocket('udp4')
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  closing.push(() => socket.close())
  return socket.address().port
}
