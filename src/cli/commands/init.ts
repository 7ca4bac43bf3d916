import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import type { ConfigOptions } from '../../config/options.js'
import { LevinError } from '../../errors.js'
import { makeHotkey } from '../../wallet/make-hotkey.js'
import { defineCommand } from '../command.js'
import { Exit } from '../exit-codes.js'
import { writeProject } from '../init/project.js'
import type { Output } from '../output.js'

const PORT = 8091

const options = {
  'no-install': { type: 'flag', help: 'does not run npm install' },
} as const satisfies ConfigOptions

export const command = defineCommand({
  usage: 'init [FOLDER] [OPTIONS]',
  about: `Makes a new project in FOLDER, or here: miner, validator, the contract that both share, tests, Docker.
Nothing is written over; a package.json that is there is completed.`,
  options,
  positionals: { least: 0, most: 1 },
  async run(values, [folder = '.'], output) {
    const files = await writeProject(folder)
    const { miner, validator } = await makeKeys(folder)
    const all = [...files, 'miner.json', 'validator.json', 'wallets']
    output.say(`made in ${resolve(folder)}:\n  ${all.join('\n  ')}\n`)
    if (!values['no-install']) await install(folder, output)
    output.json({ folder: resolve(folder), files: all, miner, validator })
    output.say(nextSteps(folder, values['no-install']))
    return Exit.done
  },
})

/** Hotkeys of this folder alone, so that the project runs against itself on the same path as with real ones. */
async function makeKeys(folder: string): Promise<{ miner: string; validator: string }> {
  const place = { path: join(folder, 'wallets'), name: 'dev' }
  const miner = await makeHotkey({ ...place, hotkey: 'miner' })
  const validator = await makeHotkey({ ...place, hotkey: 'validator' })
  const wallet = { 'wallet.path': 'wallets', 'wallet.name': 'dev' }
  await writeJson(join(folder, 'miner.json'), {
    ...wallet,
    'wallet.hotkey': 'miner',
    'axon.ip': '127.0.0.1',
    'axon.port': PORT,
    allow: [validator.hotkey],
  })
  await writeJson(join(folder, 'validator.json'), {
    ...wallet,
    'wallet.hotkey': 'validator',
    to: [`${miner.hotkey}@127.0.0.1:${PORT}`],
  })
  return { miner: miner.hotkey, validator: validator.hotkey }
}

const writeJson = (path: string, content: object): Promise<void> =>
  writeFile(path, `${JSON.stringify(content, undefined, 2)}\n`, { flag: 'wx' })

/** npm's own words go to standard error: with `--json`, standard output is ours. */
async function install(folder: string, output: Output): Promise<void> {
  output.say('npm install')
  const npm = spawn('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, stdio: ['ignore', 2, 2] })
  const [code] = await once(npm, 'close').catch((error) => {
    throw new LevinError(
      'CONFIG',
      `npm cannot be run: ${LevinError.from(error).message}; install by hand, or --no-install`,
    )
  })
  if (code !== 0)
    throw new LevinError(
      'CONFIG',
      `npm install failed with ${code}: its own words are above. The files are there`,
    )
}

function nextSteps(folder: string, isNotInstalled: boolean): string {
  const way = relative(process.cwd(), folder)
  const steps = [
    ...(way === '' ? [] : [`cd ${way}`]),
    ...(isNotInstalled ? ['npm install'] : []),
    'npm test',
    'npm start',
  ]
  return `\nnext:\n${steps.map((step) => `  ${step}`).join('\n')}
then, in another terminal:
  npx levin call Forecast '{"city":"Oslo","days":3}'`
}
