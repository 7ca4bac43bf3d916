/** All code in README.md and docs/: it compiles, and a program whose output the page shows prints just that. */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Block, blocksOf, compileAllPages, fileOf, pages } from './support/doc-programs.js'

let compiled: ReturnType<typeof compileAllPages>

beforeAll(() => {
  compiled = compileAllPages()
}, 120_000)

test('each block of TypeScript compiles', () => expect(compiled.faults).toEqual([]))

/** A block `text` right after a program is what the program prints. */
const printing = pages.flatMap((page) => {
  const blocks = blocksOf(page)
  return blocks.flatMap((block, at): { page: string; file: string; printed: string }[] => {
    const before: Block | undefined = blocks[at - 1]
    const file = block.language === 'text' && before !== undefined ? fileOf(before) : undefined
    return file === undefined ? [] : [{ page, file, printed: block.text }]
  })
})

test.each(printing)('$file of $page prints what the page says', ({ page, file, printed }) => {
  const program = join(compiled.folder, page, file.replace(/\.ts$/, '.js'))
  const output = execFileSync(process.execPath, [program], {
    encoding: 'utf8',
    timeout: 60_000,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  expect(output).toBe(printed)
})

describe.each(pages)('%s', (page) => {
  const blocks = blocksOf(page)
  const of = (language: string) => blocks.filter((block) => block.language === language)

  test('its commands are commands, and its JSON is JSON', () => {
    for (const { text, line } of of('sh')) {
      expect([line, spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' }).stderr]).toEqual([line, ''])
    }
    for (const { text } of of('json')) JSON.parse(text)
  })
})
