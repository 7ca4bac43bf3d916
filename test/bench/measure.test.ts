import { expect, test } from 'vitest'
import { MinerGone, runClient } from './measure.js'

const up = { pid: process.pid, port: 4711, end: () => undefined }
const node = (program: string, env: NodeJS.ProcessEnv = {}) => ({
  file: process.execPath,
  args: ['-e', program, '--'],
  env,
})

test('a client gets its options, and the environment of its kind', async () => {
  const print = 'console.log(JSON.stringify([process.env.LEVIN_ENGINE, ...process.argv.slice(1)]))'
  const client = node(print, { LEVIN_ENGINE: 'of its kind' })
  const { line } = await runClient('a pair', client, up, { size: 1024 }, 20_000)
  expect(JSON.parse(line)).toEqual(['of its kind', '--port', '4711', '--size', '1024'])
})

test('a client that fails says why; with its miner gone, nothing more can be measured', async () => {
  const failing = node('console.error("no answer"); process.exit(3)')
  await expect(runClient('a pair', failing, up, {}, 20_000)).rejects.toThrow(/exit code 3\nno answer/)
  const gone = { ...up, end: () => 'signal SIGKILL' }
  await expect(runClient('a pair', failing, gone, {}, 20_000)).rejects.toThrow(MinerGone)
})
