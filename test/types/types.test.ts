import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')

/** What the compiler has to say about some files, under the project's own options. */
function diagnose(files: string[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const declarations = fileNames.filter((name) => name.endsWith('.d.ts'))
  const program = ts.createProgram([...declarations, ...files], options)
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
    return `${file?.fileName.slice(root.length)}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

const cases = readdirSync(here).filter((name) => name.endsWith('.test-d.ts'))

test('what should compile does, and each line that should not does not', { timeout: 60_000 }, () => {
  expect(cases).toEqual(['middleware.test-d.ts', 'miner.test-d.ts', 'validator.test-d.ts'])
  expect(diagnose(cases.map((name) => join(here, name)))).toEqual([])
})
