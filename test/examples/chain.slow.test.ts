/** The examples on a subnet of the fake node: the miner publishes itself, validators find it there, and their stake decides. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { FakeNode } from '../../src/testing/index.js'
import { NETUID, neuronOf, neurons, startNode, TAO } from '../subtensor/subnet.js'
import { signerOf } from '../support/hotkeys.js'

const program = (name: string) =>
  fileURLToPath(new URL(`../../build/examples/${name}/main.js`, import.meta.url))
const text = fileURLToPath(new URL('../../examples/texts/tram.de.txt', import.meta.url))
/** On loopback, and none that the chain refuses to know. */
const HOST = '127.0.0.2'
const [minerKey, rich, poor] = [1, 2, 3]
const PATIENCE_MS = 60_000
const seedOf = (byte: number) => `0x${byte.toString(16).padStart(2, '0').repeat(32)}`

let folder: string
const children = new Set<ChildProcess>()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-examples-'))
})

afterEach(() => {
  for (const child of children) child.kill()
  children.clear()
  rmSync(folder, { recursive: true, force: true })
})

const subnetArgs = ({ endpoint }: FakeNode) => ['--network', endpoint, '--netuid', String(NETUID)]

/** @returns the port on which it listens */
async function startMiner(node: FakeNode, ...more: string[]): Promise<number> {
  const args = [program('miner'), ...subnetArgs(node), '--host', HOST, '--port', '0', ...more]
  const env = { ...process.env, MINER_SEED: seedOf(minerKey) }
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'ignore'] })
  children.add(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^listening (\d+)$/.exec(line)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error('the miner ended before it listened')
}

/** Two rounds, since the first one has to connect. @returns what the second says of the miner */
async function runValidator(node: FakeNode, key: number): Promise<string | undefined> {
  const scores = join(folder, `scores-${key}.json`)
  const args = [
    program('validator'),
    ...subnetArgs(node),
    '--rounds',
    '2',
    '--every',
    '100',
    '--scores',
    scores,
    text,
  ]
  const env = { ...process.env, VALIDATOR_SEED: seedOf(key) }
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return stdout.split('\n').find((line) => line.startsWith(`round 2  ${signerOf(minerKey).hotkey}`))
}

test('a miner publishes itself, and validators find it there; who has too little stake is refused', async () => {
  const node = await startNode({
    block: 100,
    subnets: {
      [NETUID]: [
        neuronOf(minerKey, { axon: undefined }),
        neuronOf(rich, { axon: undefined, validatorPermit: true, totalStake: 500n * TAO }),
        neuronOf(poor, { axon: undefined, validatorPermit: true, totalStake: 499n * TAO }),
      ],
    },
  })
  const port = await startMiner(node, '--min-stake', '500', '--axon.external_ip', HOST)
  const isSent = () => node.requests.get('author_submitExtrinsic') === 1
  await vi.waitUntil(isSent, { interval: 50, timeout: PATIENCE_MS }) // a request a second, by default
  node.advance()
  expect(neurons(node)[0]!.axon).toMatchObject({ ip: HOST, port, protocol: 4 })
  const [admitted, refused] = await Promise.all([runValidator(node, rich), runValidator(node, poor)])
  expect(admitted).toMatch(/ms {2}de, right$/)
  expect(refused).toMatch(/ms {2}HANDSHAKE_REFUSED$/)
})
