/** Flags over environment over file over default, in the names of both generations. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  axonOptions,
  type ConfigSources,
  chainOptions,
  readConfig,
  subnetFrom,
  walletOptions,
} from '../../src/config/index.js'

const options = {
  ...walletOptions,
  ...chainOptions,
  ...axonOptions,
  allow: { type: 'list', env: ['ALLOW'], help: 'who may ask' },
  fast: { type: 'flag', env: ['FAST'], help: 'faster' },
  share: { type: 'number', most: 1, help: 'a part' },
} as const

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'levin-config-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Nothing of this machine's own environment. */
const read = async (args: string[], sources: ConfigSources = {}) =>
  (await readConfig(options, { args, env: {}, ...sources })).values

function written(content: unknown): string {
  const file = join(folder, 'config.json')
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file
}

const refused = (args: string[], sources: ConfigSources, message: string | RegExp) =>
  expect(read(args, sources)).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringMatching(message),
  })

describe('what counts', () => {
  test('is the default, then the file, then the environment, then the command line', async () => {
    const file = written({ 'axon.port': 2 })
    const env = { BT_AXON_PORT: '3' }
    expect((await read([]))['axon.port']).toBe(8091)
    expect((await read([], { file }))['axon.port']).toBe(2)
    expect((await read([], { file, env }))['axon.port']).toBe(3)
    expect((await read(['--axon.port', '4'], { file, env }))['axon.port']).toBe(4)
  })

  test('is nothing of an empty variable, nor of a usual file that is not there', async () => {
    const values = await read([], { env: { BT_AXON_PORT: '' }, file: join(folder, 'none.json') })
    expect(values['axon.port']).toBe(8091)
  })

  test('is the file that --config names, before the usual one', async () => {
    expect((await read(['--config', written({ netuid: 5 })], { file: 'usual.json' })).netuid).toBe(5)
  })
})

describe('names of both generations', () => {
  test.each([
    [['--wallet.name', 'alice', '--wallet.hotkey=h1', '--subtensor.network', 'test', '--netuid', '2']],
    [['--wallet', 'alice', '--hotkey', 'h1', '--network', 'test', '--netuid=2']],
    [['--wallet-name', 'alice', '--wallet-hotkey', 'h1', '--network=test', '--netuid', '2']],
  ])('%j', async (args) => {
    expect(await read(args)).toMatchObject({
      'wallet.name': 'alice',
      'wallet.hotkey': 'h1',
      'subtensor.network': 'test',
      netuid: 2,
    })
  })

  test.each([
    [{ BT_WALLET_NAME: 'alice', BT_SUBTENSOR_NETWORK: 'test', BT_SUBTENSOR_CHAIN_ENDPOINT: 'ws://a' }],
    [{ BT_WALLET: 'alice', BT_NETWORK: 'test', BT_CHAIN_ENDPOINT: 'ws://a' }],
  ])('%j', async (env) => {
    expect(await read([], { env })).toMatchObject({
      'wallet.name': 'alice',
      'subtensor.network': 'test',
      'subtensor.chain_endpoint': 'ws://a',
    })
  })
})

describe('a misspelt name is an error that says which was meant', () => {
  test.each([
    [['--walet.name', 'x'], 'the option --walet.name does not exist: did you mean --wallet.name?'],
    [['--axon_port', '1'], 'did you mean --axon.port?'],
    [['--netiud', '1'], 'did you mean --netuid?'],
    [['--confg', 'x'], 'did you mean --config?'],
    [['--quite-another'], 'the option --quite-another does not exist: see --help'],
    [['-p', '1'], 'the option -p does not exist'],
  ])('%j', async (args, message) => refused(args, {}, message))

  test('in the environment', async () => {
    await refused(
      [],
      { env: { BT_WALET_NAME: 'x' } },
      'the variable BT_WALET_NAME does not exist: did you mean BT_WALLET_NAME?',
    )
    // the ecosystem's own, and what is near none
    await read([], { env: { BT_EVM_ENDPOINT: 'x', BT_SOMETHING_ELSE: 'x', WALLET_NAME: 'x' } })
  })

  test('in the file', async () => {
    await refused(
      [],
      { file: written({ 'axon.prot': 1 }) },
      /the key "axon\.prot" of .*config\.json does not exist: did you mean axon\.port\?/,
    )
  })

  test('but what other programs read there is none', async () => {
    const others = { rounds: { type: 'integer', help: '' } } as const
    expect(await read([], { file: written({ rounds: 1 }), others })).not.toHaveProperty('rounds')
  })
})

describe('values', () => {
  test('of lists come again, with commas, or as a list', async () => {
    expect((await read(['--allow', 'a', '--allow', 'b'])).allow).toEqual(['a', 'b'])
    expect((await read([], { env: { ALLOW: 'a,b' } })).allow).toEqual(['a', 'b'])
    expect((await read([], { file: written({ allow: ['a', 'b'] }) })).allow).toEqual(['a', 'b'])
    expect((await read([])).allow).toEqual([])
  })

  test('of flags are there or not', async () => {
    expect([(await read(['--fast'])).fast, (await read([])).fast]).toEqual([true, false])
    expect((await read(['--fast'], { env: { FAST: 'false' } })).fast).toBe(true)
    expect((await read([], { file: written({ fast: true }) })).fast).toBe(true)
  })

  test.each([
    [['--axon.port', '65536'], '--axon.port is "65536"; axon.port is an integer from 0 to 65535'],
    [['--axon.port', '1.5'], 'is an integer from 0 to 65535'],
    [['--axon.port', ''], 'is an integer'],
    [['--share', '1.01'], 'share is a number from 0 to 1'],
    [['--axon.port'], '--axon.port needs a value: --axon.port N'],
    [['--wallet.name', '--netuid', '2'], '--wallet.name needs a value'],
    [['--fast=1'], '--fast takes no value'],
    [['--netuid', '1', '--netuid', '2'], '--netuid is given twice'],
    [['--config', 'no-such-file.json'], '--config no-such-file.json cannot be read'],
  ])('%j is refused', async (args, message) => refused(args, {}, message))

  test.each([
    ['[1]', 'is a JSON object'],
    ['{', 'is no JSON'],
    [{ allow: [1] }, 'allow is a text, a number'],
    [{ 'wallet.name': true }, 'wallet.name is a text'],
    [{ 'axon.port': [] }, 'axon.port is an integer'],
  ])('a file with %j is refused', async (content, message) =>
    refused([], { file: written(content) }, message),
  )

  test('at the edges of a range are taken', async () => {
    expect((await read(['--axon.port', '65535', '--share', '1']))['axon.port']).toBe(65_535)
  })

  test('that belong to no option are not shown', async () => {
    await expect(read(['0xsecret'])).rejects.toThrow(
      /^there is an argument that belongs to no option: options begin with --$/,
    )
    const { positionals } = await readConfig(options, {
      args: ['a', '--fast', 'b'],
      env: {},
      positionals: true,
    })
    expect(positionals).toEqual(['a', 'b'])
  })
})

describe('the subnet', () => {
  const subnet = async (...args: string[]) => subnetFrom(await read(args))

  test('is none without a netuid, and of finney without more', async () => {
    expect(await subnet()).toBeUndefined()
    expect(await subnet('--netuid', '2')).toEqual({ network: 'finney', netuid: 2 })
  })

  test('is read from a node of its own, which must serve the network that is named', async () => {
    expect(await subnet('--netuid', '2', '--network', 'ws://a')).toEqual({ endpoints: ['ws://a'], netuid: 2 })
    const node = ['--netuid', '2', '--subtensor.chain_endpoint', 'ws://a']
    expect(await subnet(...node)).toEqual({ endpoints: ['ws://a'], netuid: 2 })
    expect(await subnet(...node, '--network', 'test')).toEqual({
      network: 'test',
      endpoints: ['ws://a'],
      netuid: 2,
    })
  })
})
