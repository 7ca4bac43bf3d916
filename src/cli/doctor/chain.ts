/** What the chain says of this miner, and of this machine's clock. */
import { networkInterfaces } from 'node:os'
import type { Signer } from '../../auth/signer.js'
import type { Axon } from '../../client/axon.js'
import type { Clock } from '../../clock.js'
import { LevinError } from '../../errors.js'
import type { PublishedAxon } from '../../metagraph/source.js'
import { AccountNames } from '../../subtensor/account-names.js'
import { takeChain } from '../../subtensor/chain.js'
import { checkChain, type WhichChain } from '../../subtensor/options.js'
import { finalizedHead, fromHex, readSubnet } from '../../subtensor/read-subnet.js'
import type { ChainNeurons } from '../../subtensor/snapshot.js'
import { type Finding, ill, messageOf, odd, skipped, well } from './finding.js'
import { type Reached, reach } from './reach.js'

/** `Timestamp.Now`: when the newest block was made, in milliseconds. */
const TIMESTAMP_NOW = '0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb'
/** A block each 12 s, and one that is late. */
const OLDEST_BLOCK_S = 36
/** A clock that is behind sees a block from the future; the block's maker may be a little ahead, too. */
const NEWEST_BLOCK_S = -5
const CONNECT_MS = 10_000

export interface ChainReading {
  readonly neurons: ChainNeurons
  readonly blockMadeAtMs: number
}

/** @param given with the netuid @throws LevinError as `subtensor` */
export async function readChain(given: WhichChain & { readonly netuid: number }): Promise<ChainReading> {
  const settings = checkChain('doctor', { ...given, connectTimeoutMs: CONNECT_MS })
  const chain = takeChain(settings)
  try {
    return await chain.turn(async (ask) => {
      const blockMadeAtMs = timeIn(await ask('state_getStorage', [TIMESTAMP_NOW]))
      const neurons = await readSubnet(ask, given.netuid, await finalizedHead(ask), new AccountNames())
      return { neurons, blockMadeAtMs }
    })
  } finally {
    chain.release()
  }
}

function timeIn(answer: unknown): number {
  const bytes = typeof answer === 'string' && answer.startsWith('0x') ? fromHex(answer) : undefined
  if (bytes?.length === 8) return Number(bytes.readBigUInt64LE())
  throw new LevinError('PROTOCOL', 'its newest block has no time')
}

export interface Whereabouts {
  /** What the miner is told that others reach it at; undefined when it is told nothing. */
  readonly externalIp: string | undefined
  readonly port: number
  readonly isRunning: boolean
}

/** All that needs the chain; `subnet` is undefined when none is named. */
export async function checkTheChain(
  subnet: (WhichChain & { readonly netuid: number }) | undefined,
  signer: Signer | undefined,
  clock: Clock,
  where: Whereabouts,
  dial: (axon: Axon, signer: Signer) => Promise<Reached> = reach,
): Promise<Finding[]> {
  if (subnet === undefined) return [skipped('chain', 'no --netuid is given: nothing on a chain is looked at')]
  let reading: ChainReading
  try {
    reading = await readChain(subnet)
  } catch (error) {
    const cure =
      'does this machine reach the internet (TCP 443, or 9944 of a node of your own)? Another node: --subtensor.chain_endpoint'
    return [ill('chain', messageOf(error), cure)]
  }
  const { neurons, blockMadeAtMs } = reading
  const findings = [
    well('chain', `subnet ${subnet.netuid} has ${neurons.size} neurons`),
    checkClock(clock.unixMs(), blockMadeAtMs),
  ]
  if (signer === undefined) return findings
  const neuron = neurons.get(signer.hotkey)
  if (neuron === undefined) {
    const cure = `btcli subnet register --netuid ${subnet.netuid}, with this hotkey; or is it another subnet or network?`
    return [
      ...findings,
      ill('registration', `${signer.hotkey} is not registered on subnet ${subnet.netuid}`, cure),
    ]
  }
  findings.push(well('registration', `uid ${neuron.uid}, ${neuron.stake} TAO`))
  return [...findings, ...(await checkAxon(neuron.axon, signer, where, dial))]
}

/** The newest block is some seconds old, and never from the future. */
export function checkClock(nowMs: number, blockMadeAtMs: number): Finding {
  const ageS = Math.round((nowMs - blockMadeAtMs) / 1000)
  if (ageS >= NEWEST_BLOCK_S && ageS <= OLDEST_BLOCK_S)
    return well('clock', `the newest block is ${ageS} s old`)
  const cure = 'timedatectl set-ntp true, or start chrony: a handshake that is dated wrong is refused'
  if (ageS < 0) return ill('clock', `this clock is ${-ageS} s behind the chain's newest block`, cure)
  return ill(
    'clock',
    `by this clock the chain's newest block is ${ageS} s old, and one is made each 12 s: it is ahead`,
    `${cure}; or the node hangs: try another --subtensor.chain_endpoint`,
  )
}

async function checkAxon(
  axon: PublishedAxon | undefined,
  signer: Signer,
  { externalIp, port, isRunning }: Whereabouts,
  dial: (axon: Axon, signer: Signer) => Promise<Reached>,
): Promise<Finding[]> {
  const publish =
    'start the miner with --axon.external_ip and --axon.external_port as others reach it, and it publishes them'
  if (axon === undefined) return [odd('axon', 'none is published: no validator finds this miner', publish)]
  const published = `${axon.host}:${axon.port}`
  if (!isHere(axon, externalIp, port)) {
    const found = `the chain says ${published}, and this machine is ${externalIp ?? ownAddresses().join(', ')}, port ${port}`
    return [ill('axon', found, `${publish}; behind a router, say its address with --axon.external_ip`)]
  }
  const findings = [well('axon', `published as ${published}`)]
  if (!isRunning)
    return [...findings, skipped('firewall', 'the miner does not run here: start it, and ask again')]
  const { is, why = '' } = await dial({ hotkey: signer.hotkey, host: axon.host, port: axon.port }, signer)
  if (is === 'there')
    return [
      ...findings,
      well('firewall', `a miner answers at ${published}${why && ', and refuses its own hotkey, as most do'}`),
    ]
  if (is === 'another') {
    return [...findings, ill('firewall', `another miner answers at ${published}: ${why}`, publish)]
  }
  return [
    ...findings,
    ill(
      'firewall',
      `the miner runs, and nobody answers at ${published}: ${why}`,
      `open UDP ${axon.port} in the firewall of this machine and of its provider (sudo ufw allow ${axon.port}/udp), and forward it in a router; ` +
        'some routers do not let one ask oneself: try levin call from elsewhere',
    ),
  ]
}

/** With an address of its own given, that one; else one of the machine's. The port is the external one, where there is one. */
function isHere(axon: PublishedAxon, externalIp: string | undefined, port: number): boolean {
  return (
    axon.port === port &&
    (externalIp === undefined
      ? ownAddresses().includes(axon.host) || isLoopback(axon.host)
      : externalIp === axon.host)
  )
}

/** All of 127/8 is this machine's, and one of it is listed. */
const isLoopback = (host: string): boolean => host.startsWith('127.')

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((each = []) => each.map(({ address }) => address))
