/** The README's programs, as they stand there: type-checked, compiled and run against each other. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { minerSigner, validatorSigner } from './support/hotkeys.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'build', 'readme')
const started: ChildProcess[] = []

/** Code blocks whose first line names a file. */
const programs = [
  ...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g),
].map(([, file, text]) => ({ file: join(folder, file!), text: text! }))

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true })
  for (const { file, text } of programs) {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
})

afterAll(() => {
  for (const child of started) child.kill()
})

test('there are the contract, the miner and the validator', () => {
  expect(programs.map(({ file }) => file.slice(folder.length + 1))).toEqual([
    'weather/contract.ts',
    'weather/miner.ts',
    'weather/validator.ts',
  ])
})

test('compile and do what the text says', { timeout: 60_000 }, async () => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  // `levin` is what a user gets: the built package, by its own name.
  const program = ts.createProgram(
    programs.map(({ file }) => file),
    { ...options, noEmit: false, paths: {}, rootDir: folder, outDir: folder },
  )
  const faults = ts.getPreEmitDiagnostics(program)
  expect(faults.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  program.emit()

  const run = (name: string, env: Record<string, string>): ChildProcess => {
    const child = spawn(process.execPath, [join(folder, 'weather', `${name}.js`)], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    started.push(child)
    return child
  }
  const seed = (byte: string) => `0x${byte.repeat(32)}`
  const miner = run('miner', { MINER_SEED: seed('01'), VALIDATORS: validatorSigner.hotkey, PORT: '0' })
  const [first] = (await once(createInterface({ input: miner.stdout! }), 'line')) as [string]
  const port = first.replace('listening ', '')
  const validator = run('validator', { VALIDATOR_SEED: seed('02'), MINER: minerSigner.hotkey, PORT: port })
  let printed = ''
  validator.stdout!.on('data', (text) => {
    printed += text
  })
  const [code] = (await once(validator, 'exit')) as [number]
  expect(printed).toMatch(
    /^28, 1, 4 after [\d.]+ ms\n28 degrees in Oslo\. 1 degrees in Oslo\. 4 degrees in Oslo\. $/,
  )
  expect(code).toBe(0)
  miner.kill('SIGTERM')
  const [minerCode] = (await once(miner, 'exit')) as [number]
  expect(minerCode).toBe(0)
})
