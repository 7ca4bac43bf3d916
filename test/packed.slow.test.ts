/** The package as npm would install it: with ws beside it, without ws, and without all that asks the chain. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = promisify(execFile)
const manifest = (folder: string) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'levin-packed-'))
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: root,
    maxBuffer: 2 ** 26,
  })
  const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }]
  await run('tar', ['-xf', join(folder, filename), '-C', folder])
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A project with the package and what it needs, but for what is left out; it runs a program and gives what that prints. */
function project(name: string, ...leftOut: string[]): (program: string) => Promise<unknown> {
  const home = join(folder, name)
  const levin = join(home, 'node_modules', 'levin')
  cpSync(join(folder, 'package'), levin, { recursive: true })
  const { dependencies, optionalDependencies, peerDependencies } = manifest(levin)
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })) {
    if (leftOut.includes(needed)) continue
    const place = join(home, 'node_modules', needed)
    mkdirSync(dirname(place), { recursive: true })
    symlinkSync(join(root, 'node_modules', needed), place)
  }
  for (const part of leftOut) rmSync(join(levin, part), { recursive: true, force: true })
  return async (program) => {
    const args = ['--input-type=module', '--eval', `import 'reflect-metadata'\n${program}`]
    return JSON.parse((await run(process.execPath, args, { cwd: home })).stdout)
  }
}

const PRINT_MESSAGES = `
const { subtensor } = await import('levin/subtensor')
const { fakeNode } = await import('levin/testing')
const { silentLogger } = await import('levin')
const messageOf = (work) => work.then(() => 'it worked', ({ code, message }) => code + ': ' + message)
const source = subtensor({ network: 'local', netuid: 1, logger: silentLogger })
console.log(JSON.stringify([await messageOf(source.start()), await messageOf(fakeNode())]))`

const PRINT_SUBNET = `
import { silentLogger } from 'levin'
import { subtensor } from 'levin/subtensor'
import { fakeNeuron, fakeNode } from 'levin/testing'
const hotkey = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const node = await fakeNode({ subnets: { 7: [fakeNeuron({ hotkey, totalStake: 5_000_000_000n })] } })
const source = subtensor({ endpoints: [node.endpoint], netuid: 7, requestGapMs: 0, logger: silentLogger })
await source.start()
console.log(JSON.stringify([...source.neurons()].map(({ hotkey, stake }) => [hotkey, stake])))
await source.stop()
await node.close()`

describe('as it is packed', () => {
  test('reads a chain, and has a fake node for tests', async () => {
    expect(await project('whole')(PRINT_SUBNET)).toEqual([
      ['5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV', 5],
    ])
  })

  test('without ws can be imported, and says what it lacks when it is asked', async () => {
    expect(await project('without-ws', 'ws')(PRINT_MESSAGES)).toEqual([
      "CONFIG: asking the chain needs the package 'ws': run npm install ws",
      "CONFIG: a fake node needs the package 'ws': run npm install ws",
    ])
  })

  test('loads nothing of the chain when levin is imported', async () => {
    const bare = project('bare', 'ws', 'dist/subtensor', 'dist/testing')
    expect(await bare("import { Miner } from 'levin'\nconsole.log(JSON.stringify(Miner.name))")).toBe('Miner')
    await expect(bare("import 'levin/subtensor'")).rejects.toThrow('ERR_MODULE_NOT_FOUND')
  })

  test('needs one package for the chain, which needs no other', () => {
    const { dependencies, peerDependenciesMeta } = manifest(root)
    expect([dependencies.ws, peerDependenciesMeta.ws]).toEqual([undefined, { optional: true }])
    expect(manifest(join(root, 'node_modules', 'ws'))).not.toHaveProperty('dependencies')
  })
})
