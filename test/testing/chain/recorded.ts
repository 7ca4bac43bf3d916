/** The 256 neurons of test/subtensor/data as a fake node takes them, and what the real runtime answered about them. */
import { readFileSync } from 'node:fs'
import type { AxonInfo } from '../../../src/subtensor/neurons-lite.js'
import { numberToIp } from '../../../src/testing/chain/ip.js'
import {
  type FakeAxon,
  type FakeNeuron,
  type FakePrometheus,
  fakeNeuron,
} from '../../../src/testing/index.js'
import { type Expected, expected } from '../../subtensor/recorded.js'

type PrometheusColumns = readonly [block: number, version: number, ip: string, port: number, ipType: number]

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
  const others = recordedJson<{ readonly neurons: readonly Others[] }>('others.256.json').neurons
  return expected.map((row, uid) => neuronOf(row, others[uid]!))
}

function neuronOf(row: Expected, others: Others): FakeNeuron {
  const [rank, incentive, consensus, trust, validatorTrust, dividends, pruningScore] = others
  return fakeNeuron({
    hotkey: row.hotkey,
    coldkey: row.coldkey,
    active: row.active,
    validatorPermit: row.validatorPermit,
    stake: row.stake,
    alphaStake: row.alphaStake,
    taoStake: row.taoStake,
    totalStake: row.totalStake,
    axon: axonOf(row.axon, others),
    prometheus: prometheusOf(others[9]),
    lastUpdate: row.lastUpdate,
    registeredAt: row.registeredAt,
    emission: row.emission,
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
  { block, version, ip, port, ipType, protocol }: AxonInfo,
  others: Others,
): FakeAxon | undefined {
  if (ipType === 0) return undefined
  const [placeholder1, placeholder2] = [others[7], others[8]]
  const address = numberToIp({ ip, type: ipType })
  return { block: Number(block), version, ip: address, port, protocol, placeholder1, placeholder2 }
}

function prometheusOf(columns: PrometheusColumns | null): FakePrometheus | undefined {
  if (columns === null) return undefined
  const [block, version, ip, port, type] = columns
  return { block, version, ip: numberToIp({ ip: BigInt(ip), type }), port }
}
