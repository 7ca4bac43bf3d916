/** The programs of docs/plugins.md, as they stand there: type-checked, compiled and run. */
import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const folder = join(root, 'build', 'plugins')
/** Code blocks whose first line names a file. */
const programs = [
  ...readFileSync(join(root, 'docs', 'plugins.md'), 'utf8').matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g),
].map(([, file, text]) => ({ file: join(folder, file!), text: text! }))

test('compile and print what the text says', { timeout: 60_000 }, async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const { file, text } of programs) writeFileSync(file, text)
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

  const file = join(folder, 'spent.json')
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.js')], {
    env: { ...process.env, BUDGET_FILE: file },
  })
  const [first, second, third, ...stats] = stdout.trim().split('\n')
  expect([first, third, stats.join('')]).toEqual(['4 words', '2 words', '{ spent: 6, refused: 1 }'])
  expect(second).toContain('request processing failed')
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([[expect.any(String), 6]])
})
