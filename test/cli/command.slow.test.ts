/** `levin call` and its like against a miner of this process, and what each ends with. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IsInt, Max } from 'class-validator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allowlist, Miner, silentLogger } from '../../src/index.js'
import { fakeAxon } from '../../src/testing/index.js'
import { makeHotkey } from '../../src/wallet/make-hotkey.js'
import { NETUID, neuronOf, startNode } from '../subtensor/subnet.js'
import { signerOf } from '../support/hotkeys.js'
import { levin } from './levin.js'

const KEY = 10
const signer = signerOf(KEY)

class Days {
  @IsInt() @Max(14) days!: number
}

class Degrees {
  @IsInt() celsius!: number
}

let folder: string
let miner: Miner
let port: number
let validator: string
let to: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'levin-command-'))
  validator = (await makeHotkey({ path: folder, name: 'w', hotkey: 'validator' })).hotkey
  await makeHotkey({ path: folder, name: 'w', hotkey: 'stranger' })
  const wallet = { 'wallet.path': folder, 'wallet.name': 'w', 'wallet.hotkey': 'validator' }
  writeFileSync(join(folder, 'validator.json'), JSON.stringify(wallet))
  miner = new Miner({ signer, access: allowlist([validator]), logger: silentLogger })
    .synapse('echo', {}, (data) => data)
    .synapse('days', { request: Days, response: Days }, (data) => data)
    .synapse('large', {}, () => ({ n: 2n ** 64n - 1n, map: new Map([[1, 'a']]) }))
    .synapse('words', { stream: true }, async function* () {
      yield Buffer.from('one ')
      yield Buffer.from('two')
    })
    .synapse('degrees', { stream: Degrees }, async function* () {
      yield { celsius: 1 }
      yield { celsius: 2 }
    })
  port = (await miner.listen({ host: '127.0.0.1', port: 0, http: { port: 0 } })).port
  to = `${signer.hotkey}@127.0.0.1:${port}`
})

afterAll(async () => {
  await miner.close()
  rmSync(folder, { recursive: true, force: true })
})

const call = (...args: string[]) => levin(folder, ['call', ...args])

describe('call', () => {
  test('asks with JSON, and prints JSON', async () => {
    const { code, out, err } = await call('echo', '{"city":"Oslo","image":{"$bytes":"AAEC"}}', '--to', to)
    expect(JSON.parse(out)).toEqual({ city: 'Oslo', image: { $bytes: 'AAEC' } })
    expect([code, err]).toEqual([0, expect.stringMatching(/^[\d.]+ ms\n$/)])
  })

  test('with --json there is one line and nothing else', async () => {
    const { code, out, err } = await call('large', '--to', to, '--json')
    const data = { n: '18446744073709551615', map: { $map: [[1, 'a']] } }
    expect([code, JSON.parse(out), err]).toEqual([0, { data, latencyMs: expect.any(Number) }, ''])
  })

  test('takes the request from a file, and from standard input', async () => {
    writeFileSync(join(folder, 'request.json'), '{"days":1}')
    expect(JSON.parse((await call('days', '@request.json', '--to', to)).out)).toEqual({ days: 1 })
    const piped = await levin(folder, ['call', 'days', '-', '--to', to], '{"days":2}')
    expect(JSON.parse(piped.out)).toEqual({ days: 2 })
  })

  test('asks by HTTP where --door says so', async () => {
    const byHttp = `${signer.hotkey}@127.0.0.1:${miner.stats().http!.port}`
    for (const door of ['btauth', 'bittensor10'])
      expect((await call('days', '{"days":1}', '--to', byHttp, '--door', door, '--json')).code).toBe(0)
    expect((await call('days', '{"days":1}', '--to', byHttp, '--door', 'side')).code).toBe(2)
  })

  test('sends each digit of a large integer', async () => {
    const { out } = await call('echo', '{"nonce":1795694573187193292}', '--to', to)
    expect(JSON.parse(out)).toEqual({ nonce: '1795694573187193292' })
  })

  test('prints a stream as it comes: bytes as they are, maps as lines of JSON', async () => {
    expect((await call('words', '--stream', '--to', to)).out).toBe('one two')
    expect((await call('degrees', '--stream', '--to', to)).out).toBe('{"celsius":1}\n{"celsius":2}\n')
    const lines = (await call('degrees', '--stream', '--json', '--to', to)).out.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { chunk: { celsius: 1 } },
      { chunk: { celsius: 2 } },
    ])
  })

  test('finds the miner on the chain, by its uid or hotkey', async () => {
    const axon = fakeAxon({ ip: '127.0.0.1', port })
    const node = await startNode({ subnets: { [NETUID]: [neuronOf(11), neuronOf(KEY, { axon })] } })
    const chain = ['--netuid', String(NETUID), '--network', node.endpoint]
    expect(await call('echo', '{"a":1}', '--to', '1', ...chain, '--json')).toMatchObject({ code: 0 })
    expect(await call('echo', '{"a":1}', '--to', signer.hotkey, ...chain, '--json')).toMatchObject({
      code: 0,
    })
    expect((await call('echo', '--to', '2', ...chain)).err).toBe('levin: subnet 7 has no neuron 2\n')
  })

  test.each([
    [
      'an error of the miner',
      ['days', '{"days":15}'],
      1,
      /invalid request format; the miner's log names the property/,
    ],
    ['no such synapse', ['Echo', '{}'], 1, /unrecognized synapse type; names are case-sensitive/],
    ['a request that is no JSON', ['echo', '{city:1}'], 2, /the request is no JSON/],
    ['a request that is no object', ['echo', '[1]'], 2, /the request is a JSON object/],
    ['a request in no file', ['echo', '@none.json'], 2, /cannot be read from none\.json/],
    ['another hotkey', ['echo', '--wallet.hotkey', 'stranger'], 3, /refused the handshake/],
    ['no such wallet', ['echo', '--wallet.hotkey', 'none'], 2, /the hotkeys there are stranger, validator/],
    ['a misspelt option', ['echo', '--wallet.hotky', 'x'], 2, /did you mean --wallet\.hotkey\?/],
    ['no synapse', [], 2, /usage: levin call SYNAPSE/],
  ])('%s ends with its code', async (_, args, code, err) => {
    expect(await call(...args, '--to', to)).toEqual({ code, out: '', err: expect.stringMatching(err) })
  })

  test.each([
    ['nobody', `${signer.hotkey}@127.0.0.1:9`, 3, /is the miner running/],
    ['another miner', `${signerOf(11).hotkey}@127.0.0.1:PORT`, 3, /look at the hotkey in --to/],
    ['no target', 'Oslo', 2, /--to is HOTKEY@HOST:PORT/],
    ['no hotkey', 'Oslo@127.0.0.1:1', 2, /hotkey/],
  ])('%s there ends with its code', async (_, target, code, err) => {
    const found = await call('echo', '--to', target.replace('PORT', String(port)), '--timeout-ms', '2000')
    expect(found).toEqual({ code, out: '', err: expect.stringMatching(err) })
  })

  test('a failure with --json is JSON, too', async () => {
    const { code, out, err } = await call('Echo', '--to', to, '--json')
    const error = {
      code: 'PEER_ERROR',
      message: expect.any(String),
      peerMessage: 'unrecognized synapse type',
    }
    expect([code, JSON.parse(out), err]).toEqual([1, { error }, ''])
  })
})

test('bench counts what was answered, and how long it took', async () => {
  const args = ['bench', 'echo', '{"a":1}', '--to', to, '--seconds', '1', '--in-flight', '4']
  const { code, out } = await levin(folder, [...args, '--json'])
  const load = JSON.parse(out)
  expect([code, load.failed]).toEqual([0, {}])
  expect(load.answered).toBeGreaterThan(4)
  expect(load.maxMs).toBeGreaterThanOrEqual(load.p99Ms)
  expect(load.p99Ms).toBeGreaterThanOrEqual(load.p50Ms)
})

describe('keys', () => {
  const keys = (...args: string[]) =>
    levin(folder, ['keys', ...args, '--wallet.path', folder, '--wallet.name', 'k', '--json'])

  test('are made, shown and checked, and none is written over', async () => {
    const made = JSON.parse((await keys('make')).out)
    expect(made).toEqual({
      hotkey: expect.any(String),
      file: join(folder, 'k/hotkeys/default'),
      encrypted: false,
    })
    expect(JSON.parse((await keys('show')).out)).toEqual({ hotkey: made.hotkey, file: made.file })
    const checked = await keys('check')
    expect([checked.code, JSON.parse(checked.out).findings]).toMatchObject([
      0,
      [{ found: made.hotkey }, { state: 'well' }],
    ])
    expect(await keys('make')).toMatchObject({
      code: 2,
      out: expect.stringContaining('none is written over'),
    })
    expect(await keys('mend')).toMatchObject({ code: 2, out: expect.stringContaining('levin keys make') })
  })
})

describe('levin', () => {
  test('lists its commands, each with its help', async () => {
    const { code, out } = await levin(folder, ['--help'])
    const names = [...out.matchAll(/^ {2}(\w+) {2}/gm)].map(([, name]) => name!)
    expect([code, names]).toEqual([0, ['init', 'call', 'doctor', 'inspect', 'keys', 'bench', 'top']])
    for (const name of names) {
      const help = await levin(folder, [name, '--help'])
      expect([help.code, help.out]).toEqual([
        0,
        expect.stringMatching(new RegExp(`^usage: levin ${name}[\\s\\S]*--json`)),
      ])
    }
  })

  test('knows no others', async () => {
    expect(await levin(folder, ['docto'])).toMatchObject({
      code: 2,
      err: 'levin: there is no command docto: did you mean doctor?\n',
    })
    expect(await levin(folder, [])).toMatchObject({ code: 2 })
  })
})
