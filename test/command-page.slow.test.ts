/** The program of docs/command.md, as it stands there, and the options that its table has. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { axonOptions, type ConfigOption, chainOptions, walletOptions } from '../src/config/index.js'
import { compilePage } from './support/doc-programs.js'

const page = readFileSync(new URL('../docs/command.md', import.meta.url), 'utf8')

test('the page compiles, and its program is told what it says', async () => {
  const { folder, files, faults } = compilePage('docs/command.md')
  expect([files, faults]).toEqual([['told.ts'], []])
  const url = JSON.stringify(join(folder, 'told.js'))
  const program = `const { days, port, subnet } = await import(${url}); console.log(JSON.stringify({ days, port, subnet }))`
  const args = ['--input-type=module', '--eval', program, 'told.js', '--max-days', '9', '--netuid=2']
  const env = { ...process.env, BT_AXON_PORT: '9000', MAX_DAYS: '8' }
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  expect(JSON.parse(stdout)).toEqual({ days: 9, port: 9000, subnet: { network: 'finney', netuid: 2 } })
})

test('the table has every option with all of its names', () => {
  const codes = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!)
  const rows = [...page.matchAll(/^\| `--(\S+)` +\|([^|]*)\|([^|]*)\|$/gm)].map(([, name, also, env]) => [
    name,
    codes(also!).map((flag) => flag.slice(2)),
    codes(env!),
  ])
  const options: Readonly<Record<string, ConfigOption>> = {
    ...walletOptions,
    ...chainOptions,
    ...axonOptions,
  }
  expect(rows).toEqual(Object.entries(options).map(([name, { also = [], env = [] }]) => [name, also, env]))
})
