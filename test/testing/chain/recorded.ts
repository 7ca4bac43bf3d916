/** The 256 neurons of test/subtensor/data as a fake node takes them, and what the real runtime answered about them. */
import { readFileSync } from 'node:fs'
import { numberToIp } from '../../../src/testing/chain/ip.js'
import {
  type FakeAxon,
  type FakeNeuron,
  type FakePrometheus,
  fakeNeuron,
} from '../../../src/testing/index.js'

type AxonColumns = readonly [
  block: string,
  version: number,
  ip: string,
  port: number,
  ipType: number,
  protocol: number,
]
type PrometheusColumns = readonly [block: number, version: number, ip: string, port: number, ipType: number]

interface Table<Row> {
  readonly columns: readonly string[]
  readonly neurons: readonly Row[]
}

/** In the order of expected.256.json. */
type Expected = readonly [
  uid: number,
  hotkey: string,
  coldkey: string,
  active: boolean,
  validatorPermit: boolean,
  lastUpdate: string,
  stake: string,
  emission: string,
  axon: AxonColumns,
  alphaStake: string,
  taoStake: string,
  totalStake: string,
  registeredAt: string,
]

/** In the order of others.256.json. */
type Others = readonly [
  rank: number,
  incentive: number,
  consensus: number,
  trust: number,
  validatorTrust: number,
  dividends: number,
  pruningScore: number,
  placeholder1: number,
  placeholder2: number,
  prometheus: PrometheusColumns | null,
]

export const NETUID = 1

const folder = new URL('../../subtensor/data/', import.meta.url)

export const recordedBytes = (file: string): Buffer => readFileSync(new URL(file, folder))

export function recordedJson<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as T
}

/** A copy for each who asks, in the order of uids. */
export function recordedNeurons(): FakeNeuron[] {
  const others = recordedJson<Table<Others>>('others.256.json').neurons
  return recordedJson<Table<Expected>>('expected.256.json').neurons.map((row, uid) =>
    neuronOf(row, others[uid]!),
  )
}

function neuronOf(row: Expected, others: Others): FakeNeuron {
  const [, hotkey, coldkey, active, validatorPermit, lastUpdate, stake, emission, axon, ...rest] = row
  const [alphaStake, taoStake, totalStake, registeredAt] = rest.map(BigInt) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ]
  const [rank, incentive, consensus, trust, validatorTrust, dividends, pruningScore] = others
  return fakeNeuron({
    hotkey,
    coldkey,
    active,
    validatorPermit,
    stake: BigInt(stake),
    alphaStake,
    taoStake,
    totalStake,
    axon: axonOf(axon, others),
    prometheus: prometheusOf(others[9]),
    lastUpdate: BigInt(lastUpdate),
    registeredAt,
    emission: BigInt(emission),
    rank,
    incentive,
    consensus,
    trust,
    validatorTrust,
    dividends,
    pruningScore,
  })
}

function axonOf(
  [block, version, ip, port, type, protocol]: AxonColumns,
  others: Others,
): FakeAxon | undefined {
  if (type === 0) return undefined
  const [placeholder1, placeholder2] = [others[7], others[8]]
  const address = numberToIp({ ip: BigInt(ip), type })
  return { block: Number(block), version, ip: address, port, protocol, placeholder1, placeholder2 }
}

function prometheusOf(columns: PrometheusColumns | null): FakePrometheus | undefined {
  if (columns === null) return undefined
  const [block, version, ip, port, type] = columns
  return { block, version, ip: numberToIp({ ip: BigInt(ip), type }), port }
}
