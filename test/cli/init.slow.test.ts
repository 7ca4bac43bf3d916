/** A new user's project, with the package as npm would install it: made, built, tested, run, asked. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newProject } from '../support/packed.js'

const run = promisify(execFile)
let project: string
const children = new Set<ChildProcess>()

/** Nothing of this machine's own wallets and settings. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(BT|LEVIN|NODE|VITEST)_/.test(name)),
)
const node = async (...args: string[]) => (await run(process.execPath, args, { cwd: project, env })).stdout
const levin = (...args: string[]) => node('node_modules/levin/dist/cli/main.js', ...args)
const tests = () => readdirSync(join(project, 'dist/test')).filter((name) => name.endsWith('.test.js'))

beforeAll(async () => {
  project = newProject()
  // as `npm install ./levin.tgz` leaves it
  writeFileSync(
    join(project, 'package.json'),
    '{"dependencies":{"levin":"file:levin.tgz"},"scripts":{"lint":"x"}}',
  )
  await levin('init', '--no-install')
  await node('node_modules/typescript/bin/tsc')
})

afterAll(() => {
  for (const child of children) child.kill()
  rmSync(project, { recursive: true, force: true })
})

/** @returns where it listens, once it says so */
async function start(): Promise<string> {
  const child = spawn(process.execPath, ['dist/src/main-miner.js', '--axon.port', '0'], {
    cwd: project,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.add(child)
  for await (const line of createInterface({ input: child.stdout })) {
    const to = /--to (\S+)$/.exec(line)?.[1]
    if (to !== undefined) return to
  }
  throw new Error('the miner ended before it listened')
}

describe('a project that init made', () => {
  test('passes its own tests', async () => {
    const out = await node('--test', ...tests().map((name) => `dist/test/${name}`))
    expect(out).toMatch(/pass 4$/m)
    expect(out).toMatch(/fail 0$/m)
  })

  test.each([
    ['a handler', 'miner.js', 'celsius: await', 'celsius: [1] ?? await', /^not ok .*enough stake/m],
    ['a class', 'contract.js', 'Max(14)', 'Max(15)', /^not ok .*no request/m],
  ])('has tests that fail when %s is wrong', async (_, file, right, wrong, failure) => {
    const path = join(project, 'dist/src', file)
    const before = readFileSync(path, 'utf8')
    expect(before).toContain(right)
    writeFileSync(path, before.replace(right, wrong))
    try {
      const failed = node('--test', '--test-reporter=tap', ...tests().map((name) => `dist/test/${name}`))
      await expect(failed).rejects.toMatchObject({ stdout: expect.stringMatching(failure) })
    } finally {
      writeFileSync(path, before)
    }
  })

  test('runs against itself: the command and its validator are answered', async () => {
    const to = await start()
    const { data } = JSON.parse(
      await levin('call', 'Forecast', '{"city":"Oslo","days":3}', '--to', to, '--json'),
    )
    expect(data).toEqual({ celsius: [28, 1, 4] })
    expect(await levin('call', 'Narrate', '{"city":"Oslo","days":1}', '--to', to, '--stream')).toBe(
      '28 degrees in Oslo.\n',
    )
    const rounds = await node('dist/src/main-validator.js', '--to', to, '--rounds', '1')
    expect(rounds).toMatch(/^round 1 {2}\w+ {2}28$/m)
  })

  test('answers as docs/getting-started.md and its own README say', async () => {
    const to = await start()
    const pages = [new URL('../../docs/getting-started.md', import.meta.url), join(project, 'README.md')]
    const calls = pages.map((page) => [
      ...readFileSync(page, 'utf8').matchAll(/npx levin call (\w+) '([^']+)'(.*)/g),
    ])
    expect(calls.map((found) => found.length)).toEqual([2, 1])
    const answers: string[] = []
    // one after the other: a hotkey has one connection to a miner
    for (const [, name, json, more] of calls.flat()) {
      const stream = name === 'Narrate' && more!.includes('--stream') ? ['--stream'] : []
      answers.push(await levin('call', name!, json!, '--to', to, ...stream))
    }
    const [forecast, narrated, again] = answers
    expect([JSON.parse(forecast!), JSON.parse(again!)]).toEqual([
      { celsius: [28, 1, 4] },
      { celsius: [28, 1, 4] },
    ])
    expect(narrated).toMatch(/^28 degrees in Oslo\.$/m)
  })

  test('has a contract that inspect shows', async () => {
    const { synapses } = JSON.parse(await levin('inspect', 'dist/src/contract.js', '--json'))
    expect(synapses).toMatchObject([
      { name: 'Forecast', request: { properties: { days: { type: 'integer', minimum: 1, maximum: 14 } } } },
      { name: 'Narrate', stream: 'bytes' },
    ])
    await expect(levin('inspect', 'src/contract.ts')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('compile it'),
    })
    await expect(levin('inspect', 'dist/src/weather-model.js')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('exports no synapse'),
    })
  })

  test('is well, says doctor; and without an engine it is not', async () => {
    const { findings } = JSON.parse(await levin('doctor', '--axon.port', '0', '--json'))
    expect(findings.filter(({ state }: { state: string }) => state === 'ill')).toEqual([])
    for (const engine of ['levin-engine', '@matrixai/quic']) rmSync(join(project, 'node_modules', engine))
    const failed = await levin('doctor', '--axon.port', '0').catch((error) => error)
    expect([failed.code, failed.stdout]).toEqual([
      1,
      expect.stringMatching(/^ILL {2}engine .*levin-engine.*\n.*→ see docs\/engine\.md/m),
    ])
  })

  test('keeps what was there, and is not made twice', async () => {
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
    expect(manifest).toMatchObject({
      type: 'module',
      scripts: { lint: 'x' },
      dependencies: { levin: 'file:levin.tgz' },
    })
    await expect(levin('init', '--no-install')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/has .*README\.md.* already, and nothing is written over/),
    })
  })

  test('says what a program can be told, and which option was meant', async () => {
    expect(await node('dist/src/main-miner.js', '--help')).toMatch(
      /--axon\.port N .*BT_AXON_PORT[\s\S]*--min-stake TAO/,
    )
    await expect(node('dist/src/main-miner.js', '--axon.prot', '1')).rejects.toMatchObject({
      code: 2,
      stderr: 'the option --axon.prot does not exist: did you mean --axon.port?\n',
    })
  })
})
