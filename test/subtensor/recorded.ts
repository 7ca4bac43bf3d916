/** What real runtimes answered: see data/README.md. */
import { readFileSync } from 'node:fs'
import type { AxonInfo } from '../../src/subtensor/neurons-lite.js'

const url = (name: string) => new URL(`data/${name}`, import.meta.url)
const json = (name: string) => JSON.parse(readFileSync(url(name), 'utf8'))

export const neuronsLiteBytes = readFileSync(url('get_neurons_lite.256.scale'))
export const subnetStateBytes = readFileSync(url('get_subnet_state.256.scale'))

/** A row of `expected.256.json`: what other decoders made of the two. */
export interface Expected {
  readonly uid: number
  readonly hotkey: string
  readonly coldkey: string
  readonly active: boolean
  readonly validatorPermit: boolean
  readonly lastUpdate: bigint
  /** `stake` of `get_neurons_lite`. */
  readonly stake: bigint
  readonly emission: bigint
  readonly axon: AxonInfo
  readonly alphaStake: bigint
  readonly taoStake: bigint
  readonly totalStake: bigint
  readonly registeredAt: bigint
}

type Row = [
  number,
  string,
  string,
  boolean,
  boolean,
  string,
  string,
  string,
  [string, number, string, number, number, number],
  string,
  string,
  string,
  string,
]

export const expected: readonly Expected[] = json('expected.256.json').neurons.map((row: Row): Expected => {
  const [uid, hotkey, coldkey, active, validatorPermit, lastUpdate, stake, emission, axon] = row
  const [block, version, ip, port, ipType, protocol] = axon
  return {
    uid,
    hotkey,
    coldkey,
    active,
    validatorPermit,
    lastUpdate: BigInt(lastUpdate),
    stake: BigInt(stake),
    emission: BigInt(emission),
    axon: { block: BigInt(block), version, ip: BigInt(ip), port, ipType, protocol },
    alphaStake: BigInt(row[9]),
    taoStake: BigInt(row[10]),
    totalStake: BigInt(row[11]),
    registeredAt: BigInt(row[12]),
  }
})

interface StakeMeaning {
  readonly expected: Readonly<
    Record<
      'uid3' | 'uid4',
      Readonly<Record<'neurons_lite_stake' | 'alpha_stake' | 'tao_stake' | 'total_stake', string>>
    >
  >
  readonly get_neurons_lite: string
  readonly get_subnet_state: string
}

export const stakeMeaning: StakeMeaning = json('stake-meaning.json')

/** What btlightning makes of the same neurons. */
export const btlightning: {
  readonly quic_miners: readonly [hotkey: string, host: string, port: number][]
  readonly validator_axon_ips: readonly string[]
} = json('btlightning.256.json')

interface ServeAxonCase {
  readonly args: Readonly<Record<string, string>>
  readonly era: '00' | { readonly period: number; readonly current: number }
  readonly nonce: number
  readonly era_block_hash: string
  readonly call: string
  readonly extra: string
  readonly additional: string
  readonly payload: string
  readonly extrinsic: string
}

export const serveAxon: {
  readonly spec_version: number
  readonly transaction_version: number
  readonly genesis_hash: string
  readonly public_key: string
  readonly signature: string
  readonly cases: readonly ServeAxonCase[]
} = json('serve_axon.spec461.json')

export const bytesOf = (hex: string): Buffer => Buffer.from(hex.slice(2), 'hex')
