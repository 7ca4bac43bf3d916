/**
 * node build/examples/validator/main.js --miners miners.json [--scores scores.json] [--rounds 5] [--every 2000] FILE...
 * With --netuid 2 [--subtensor.network test] instead of --miners, it follows the miners of that subnet.
 */
import 'reflect-metadata'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Axon, type Outcome, Validator } from 'levin'
import { chainOptions, programArguments, subnetFrom, walletOptions } from 'levin/config'
import { subtensor } from 'levin/subtensor'
import { whomToFollow } from '../chain.js'
import { type Identification, Identify } from '../miner/contract.js'
import { monitorOptions, showMonitor } from '../monitor.js'
import { exampleSigner } from '../signer.js'
import { mark, verdict } from './judge.js'
import { Scores } from './scores.js'
import { LiveLines, tableLines } from './table.js'

interface Sample {
  readonly text: string
  /** The right answer, which the file's name says: `tram.de.txt`. */
  readonly language: string
}

/** A round is over after this, whoever has not answered. */
const ROUND_MS = 2_000

const usage =
  'usage: validator/main.js (--miners FILE | --netuid N [--subtensor.network NAME]) [OPTIONS] TEXT...'
const { values: args, positionals: paths } = await programArguments(usage, {
  ...walletOptions,
  ...chainOptions,
  miners: { type: 'text', help: 'JSON with the axons of all miners', value: 'FILE' },
  scores: { type: 'text', default: 'scores.json', help: 'where scores are kept', value: 'FILE' },
  rounds: { type: 'integer', least: 1, default: 5, help: 'how often all are asked', value: 'N' },
  ...monitorOptions,
  every: { type: 'integer', default: 2000, help: 'from one round to the next', value: 'MS' },
})
const { miners } = args
const subnet = subnetFrom(args)
if ((miners === undefined) === (subnet === undefined) || paths.length === 0) {
  console.error(usage)
  process.exit(2)
}

const samples = await Promise.all(paths.map(readSample))
const scores = await Scores.load(args.scores)
const signer = await exampleSigner(args, 'VALIDATOR_SEED', 0xd2)
const validator = new Validator({ signer, connectTimeoutMs: ROUND_MS })
const stopping = new AbortController()
process.once('SIGINT', () => stopping.abort())
process.once('SIGTERM', () => stopping.abort())
await showMonitor(args.monitor, { validator })
const live = process.stdout.isTTY ? new LiveLines() : undefined
const last = new Map<string, string>()

if (subnet !== undefined) {
  await validator.follow(subtensor(subnet), whomToFollow(subnet))
}

for (let round = 1; round <= args.rounds && !stopping.signal.aborted; round++) {
  // who is new is connected while the others are asked
  if (miners !== undefined) void validator.setMiners(await readMiners(miners))
  await ask(validator.miners(), round)
  await scores.save()
  if (round < args.rounds) await wait(args.every, undefined, { signal: stopping.signal }).catch(() => {})
}
printWeights(validator.miners())
validator.close()
process.exit(0) // the chain is still being followed

async function ask(axons: readonly Axon[], round: number): Promise<void> {
  const places = new Map(axons.map(({ hotkey }, i) => [hotkey, i]))
  const sampleFor = ({ hotkey }: Axon) => samples[(places.get(hotkey)! + round) % samples.length]!
  const request = (axon: Axon) => ({ text: sampleFor(axon).text })
  let done = 0
  const draw = () =>
    live?.show([`round ${round}: ${done} of ${axons.length} answered or failed`, ...table(axons)])
  draw()
  const options = { deadlineMs: ROUND_MS, signal: stopping.signal }
  for await (const outcome of validator.queryEach(axons, Identify, request, options)) {
    record(outcome, sampleFor(outcome.axon).language)
    done++
    draw()
    if (!live) console.log(`round ${round}  ${outcome.axon.hotkey}  ${last.get(outcome.axon.hotkey)}`)
  }
}

function record(outcome: Outcome<Identification>, language: string): void {
  const { hotkey } = outcome.axon
  const earned = mark(outcome, language)
  if (earned !== undefined) scores.add(hotkey, earned)
  last.set(hotkey, `${outcome.latencyMs.toFixed(1).padStart(7)} ms  ${verdict(outcome, language)}`)
}

function table(axons: readonly Axon[]): string[] {
  const { miners } = validator.stats()
  const rows = axons.map(({ hotkey }) => [
    hotkey.slice(0, 12),
    inWords(miners[hotkey]?.state ?? ''),
    scores.of(hotkey).toFixed(3),
    last.get(hotkey) ?? '',
  ])
  return tableLines([['MINER', 'STATE', 'SCORE', 'LAST ANSWER'], ...rows])
}

/** `backingOff` as `backing off`. */
function inWords(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

/** As a validator would set them on the chain. */
function printWeights(axons: readonly Axon[]): void {
  const weights = scores.weights(axons.map(({ hotkey }) => hotkey))
  const rows = [...weights].map(([hotkey, weight]) => [hotkey, weight.toFixed(4)])
  console.log(['\nWeights', ...tableLines([['MINER', 'WEIGHT'], ...rows])].join('\n'))
}

async function readMiners(path: string): Promise<Axon[]> {
  return JSON.parse(await readFile(path, 'utf8')) as Axon[]
}

async function readSample(path: string): Promise<Sample> {
  const language = /\.([a-z]{2})\.\w+$/.exec(basename(path))?.[1]
  if (language === undefined)
    throw new Error(`${path}: its name does not say its language, as tram.de.txt does`)
  // A line break inside a sentence is layout, not language.
  return { text: (await readFile(path, 'utf8')).replace(/\s+/g, ' ').trim(), language }
}
