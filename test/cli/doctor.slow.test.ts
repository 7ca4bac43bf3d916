/** Twelve troubles, made for real where this machine can have them: each is named, with its cure. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { checkClock, checkTheChain, type Whereabouts } from '../../src/cli/doctor/chain.js'
import { checkBuffers, checkEngine, checkNode } from '../../src/cli/doctor/machine.js'
import { checkPort } from '../../src/cli/doctor/port.js'
import { checkCompiler, checkCopies } from '../../src/cli/doctor/project.js'
import { checkWallet } from '../../src/cli/doctor/wallet.js'
import { systemClock } from '../../src/clock.js'
import { LevinError } from '../../src/errors.js'
import { allowlist, Miner, silentLogger } from '../../src/index.js'
import { type FakeNode, fakeAxon } from '../../src/testing/index.js'
import { loadEngine } from '../../src/transport/load-engine.js'
import { makeHotkey } from '../../src/wallet/make-hotkey.js'
import { NETUID, neuronOf, startNode } from '../subtensor/subnet.js'
import { signerOf } from '../support/hotkeys.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const KEY = 10
const signer = signerOf(KEY)
const ending: (() => unknown)[] = []
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-doctor-'))
})

afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end()
  rmSync(folder, { recursive: true, force: true })
})

async function takenPort(): Promise<{ socket: Socket; port: number }> {
  const socket = createSocket('udp4')
  ending.push(() => socket.close())
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { socket, port: socket.address().port }
}

/** Our own miner. It does not admit itself, as most do not. */
async function running(...admitted: string[]): Promise<number> {
  const miner = new Miner({ signer, access: allowlist(admitted), logger: silentLogger }).synapse(
    'echo',
    {},
    (data) => data,
  )
  ending.push(() => miner.close())
  return (await miner.listen({ host: '127.0.0.1', port: 0 })).port
}

const subnetOf = ({ endpoint }: Pick<FakeNode, 'endpoint'>, netuid = NETUID) => ({
  endpoints: [endpoint],
  netuid,
  requestGapMs: 0,
})

const nodeWith = (axon?: { ip: string; port: number }) =>
  startNode({ subnets: { [NETUID]: [neuronOf(KEY, { axon: axon && fakeAxon(axon) })] } })

const checkOn = async (node: FakeNode, where: Partial<Whereabouts> = {}, key = signer) =>
  checkTheChain(subnetOf(node), key, systemClock, {
    externalIp: undefined,
    port: 8091,
    isRunning: false,
    ...where,
  })

const ill = (check: string, found: string | RegExp, cure: string | RegExp) =>
  expect.objectContaining({
    check,
    state: 'ill',
    found: expect.stringMatching(found),
    cure: expect.stringMatching(cure),
  })

const well = (check: string) => expect.objectContaining({ check, state: 'well' })

describe('trouble', () => {
  test('1: the port is taken by another program', async () => {
    const { port } = await takenPort()
    const { finding, isRunning } = await checkPort('127.0.0.1', port, signer)
    expect(finding).toEqual(ill('port', `UDP 127.0.0.1:${port} is taken`, `ss -ulpn 'sport = :${port}'`))
    expect(isRunning).toBe(false)
  })

  test.each([
    [-90_000, /90 s behind the chain's newest block/],
    [+90_000, /newest block is 90 s old/],
  ])('2: the clock is off by %d ms', async (offMs, found) => {
    const clock = { unixMs: () => systemClock.unixMs() - offMs } // of the chain
    const node = await startNode({ clock })
    expect(await checkOn(node)).toContainEqual(ill('clock', found, 'timedatectl set-ntp true'))
  })

  test('3: others can read the wallet', async () => {
    const wallet = { name: 'w', hotkey: 'h', path: folder }
    const { file, hotkey } = await makeHotkey(wallet)
    const values = {
      'wallet.name': 'w',
      'wallet.hotkey': 'h',
      'wallet.path': folder,
      'wallet.password-file': undefined,
      signer: undefined,
    }
    expect(await checkWallet(values)).toMatchObject({
      signer: { hotkey },
      findings: [well('hotkey'), well('key file')],
    })
    chmodSync(file, 0o644)
    expect((await checkWallet(values)).findings).toContainEqual(
      ill('key file', 'has mode 0644', `^chmod 600 ${file}$`),
    )
    const none = await checkWallet({ ...values, 'wallet.hotkey': 'g' })
    expect(none.findings).toEqual([
      ill('hotkey', 'there is no key file .*the hotkeys there are h', '--wallet.hotkey'),
    ])
  })

  test('4: there is no engine', async () => {
    const load = () =>
      Promise.reject(new LevinError('CONFIG', 'levin-engine is not installed; and quiche cannot be loaded'))
    expect(await checkEngine('auto', load)).toEqual(ill('engine', 'not installed', 'npm run build:engine'))
    expect(await checkEngine('auto', loadEngine)).toMatchObject({ state: 'well' })
  })

  test('5: the chain is away', async () => {
    const node = await nodeWith()
    const { endpoint } = node
    await node.close()
    const where = { externalIp: undefined, port: 8091, isRunning: false }
    const found = await checkTheChain(subnetOf({ endpoint }), signer, systemClock, where)
    expect(found).toEqual([ill('chain', endpoint, '--subtensor.chain_endpoint')])
  })

  test('6: the hotkey is not registered', async () => {
    const found = await checkOn(await nodeWith(), {}, signerOf(99))
    expect(found).toEqual([
      well('chain'),
      well('clock'),
      ill('registration', 'is not registered on subnet 7', 'btcli subnet register --netuid 7'),
    ])
  })

  test('7: the axon is elsewhere', async () => {
    const node = await nodeWith({ ip: '8.8.8.8', port: 8091 })
    expect(await checkOn(node)).toContainEqual(
      ill('axon', /chain says 8\.8\.8\.8:8091/, '--axon.external_ip'),
    )
    // behind a router it is there, but for its port
    expect(await checkOn(node, { externalIp: '8.8.8.8' })).toContainEqual(well('axon'))
    expect(await checkOn(node, { externalIp: '8.8.8.8', port: 1 })).toContainEqual(
      ill('axon', 'port 1', '--axon.external_port'),
    )
  })

  test('8: UDP buffers are small', async () => {
    writeFileSync(join(folder, 'rmem_max'), '212992\n')
    writeFileSync(join(folder, 'wmem_max'), '4194304\n')
    const found = { check: 'buffers', state: 'odd', found: expect.stringContaining('212992') }
    expect(await checkBuffers(folder)).toMatchObject({
      ...found,
      cure: expect.stringContaining('net.core.rmem_max=4194304'),
    })
    writeFileSync(join(folder, 'rmem_max'), '4194304\n')
    expect(await checkBuffers(folder)).toMatchObject({ state: 'well' })
    expect(await checkBuffers(join(folder, 'none'))).toMatchObject({ state: 'skipped' })
  })

  test.each([
    ['18.20.8', 'ill'],
    ['20.18.3', 'ill'],
    ['20.19.0', 'well'],
    ['21.7.3', 'ill'],
    ['22.11.0', 'ill'],
    ['22.12.0', 'well'],
    ['26.1.0', 'well'],
  ])('9: Node %s is %s', (version, state) => {
    expect(checkNode(version).state).toBe(state)
    if (state === 'ill') expect(checkNode(version)).toEqual(ill('node', version, 'nvm install'))
  })

  test('10: there are two copies of class-validator', async () => {
    const modules = join(folder, 'node_modules')
    for (const name of ['class-validator', 'class-transformer', 'reflect-metadata', 'tsyringe', 'levin']) {
      mkdirSync(join(modules, name), { recursive: true })
    }
    // one more link to the same copy is none, as pnpm makes them
    mkdirSync(join(modules, '@scope/plugin/node_modules'), { recursive: true })
    symlinkSync(join(modules, 'tsyringe'), join(modules, '@scope/plugin/node_modules/tsyringe'))
    const four = ['class-validator', 'class-transformer', 'reflect-metadata', 'tsyringe'].map(well)
    expect(await checkCopies(folder)).toEqual(four)
    cpSync(join(modules, 'class-validator'), join(modules, 'levin/node_modules/class-validator'), {
      recursive: true,
    })
    const [first] = await checkCopies(folder)
    expect(first).toEqual(
      ill('class-validator', /2 copies: .*levin\/node_modules\/class-validator/, 'npm ls class-validator'),
    )
    rmSync(join(modules, 'tsyringe'), { recursive: true })
    rmSync(join(modules, '@scope'), { recursive: true })
    expect(await checkCopies(folder)).toContainEqual(
      ill('tsyringe', 'is not installed', 'npm install tsyringe'),
    )
  })

  test('11: metadata is not emitted', async () => {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    const write = (name: string, content: object) =>
      writeFileSync(join(folder, name), JSON.stringify(content))
    writeFileSync(join(folder, 'a.ts'), '')
    write('base.json', { compilerOptions: { experimentalDecorators: true } })
    write('tsconfig.json', { extends: './base.json' })
    expect(await checkCompiler(folder)).toEqual(
      ill('compiler', 'has no emitDecoratorMetadata', '"emitDecoratorMetadata": true'),
    )
    write('base.json', { compilerOptions: { experimentalDecorators: true, emitDecoratorMetadata: true } })
    expect(await checkCompiler(folder)).toEqual(well('compiler'))
    write('tsconfig.json', { extends: './none.json' })
    expect(await checkCompiler(folder)).toEqual(ill('compiler', 'does not take', 'tsc --showConfig'))
  })

  test('12: a firewall is closed', async () => {
    await running()
    const { socket, port: silent } = await takenPort() // takes datagrams, and answers none, as a firewall that drops
    socket.on('message', () => {})
    const node = await nodeWith({ ip: '127.0.0.1', port: silent })
    const found = await checkOn(node, { port: silent, isRunning: true })
    expect(found).toContainEqual(
      ill('firewall', `nobody answers at 127.0.0.1:${silent}`, `ufw allow ${silent}/udp`),
    )
  })
})

describe('where all is well', () => {
  test('a miner that runs, registered and published, is found at its address', async () => {
    const port = await running()
    const node = await nodeWith({ ip: '127.0.0.1', port })
    const { finding, isRunning } = await checkPort('127.0.0.1', port, signer)
    expect(finding).toEqual(well('port'))
    expect(await checkOn(node, { port, isRunning })).toEqual(
      ['chain', 'clock', 'registration', 'axon', 'firewall'].map(well),
    )
  })

  test('but another miner at that address is told of', async () => {
    const port = await running(signerOf(11).hotkey)
    const node = await startNode({
      subnets: { [NETUID]: [neuronOf(11, { axon: fakeAxon({ ip: '127.0.0.1', port }) })] },
    })
    const found = await checkOn(node, { port, isRunning: true }, signerOf(11))
    expect(found).toContainEqual(ill('firewall', 'another miner answers', '--axon.external_ip'))
  })

  test('the newest block may be from 5 s ahead to 36 s ago', () => {
    const states = [-6, -5, 36, 37].map((ageS) => checkClock(1_000_000 + ageS * 1000, 1_000_000).state)
    expect(states).toEqual(['ill', 'well', 'well', 'ill'])
  })

  test('without a netuid nothing of a chain is looked at', async () => {
    const where = { externalIp: undefined, port: 8091, isRunning: false }
    expect(await checkTheChain(undefined, signer, systemClock, where)).toMatchObject([{ state: 'skipped' }])
  })
})
