import { type ConfigOptions, type ConfigValues, walletOptions } from '../../config/options.js'
import { LevinError } from '../../errors.js'
import { consoleLogger } from '../../logger.js'
import { hotkeyFile } from '../../wallet/files.js'
import { makeHotkey } from '../../wallet/make-hotkey.js'
import type { Password } from '../../wallet/password.js'
import { readPassword, walletPlace, walletSigner } from '../../wallet/wallet-signer.js'
import { defineCommand } from '../command.js'
import { checkWallet } from '../doctor/wallet.js'
import { Exit } from '../exit-codes.js'
import type { Output } from '../output.js'
import { tell } from '../tell.js'

const { signer: _, ...options } = walletOptions satisfies ConfigOptions

type Values = ConfigValues<typeof options>

export const command = defineCommand({
  usage: 'keys make|show|check [OPTIONS]',
  about: `Hotkeys in files, as btcli has them: <path>/<name>/hotkeys/<hotkey>.
make   a new one, encrypted when there is --wallet.password-file; the file has mode 0600, and none is written over
show   its address
check  whether the file can be used, and by whom`,
  options,
  positionals: { least: 1, most: 1 },
  async run(values, [action], output) {
    switch (action) {
      case 'make':
        return make(values, output)
      case 'show':
        return show(values, output)
      case 'check':
        return check(values, output)
      default:
        throw new LevinError('CONFIG', 'levin keys make, levin keys show or levin keys check')
    }
  },
})

const placeOf = (values: Values) =>
  walletPlace({ name: values['wallet.name'], hotkey: values['wallet.hotkey'], path: values['wallet.path'] })

async function make(values: Values, output: Output): Promise<number> {
  const passwordFile = values['wallet.password-file']
  let password: Password | undefined
  if (passwordFile !== undefined) password = await readPassword({ file: passwordFile }, consoleLogger('warn'))
  try {
    const { file, hotkey } = await makeHotkey(placeOf(values), password)
    output.json({ hotkey, file, encrypted: password !== undefined })
    output.say(
      `${hotkey}\nin ${file}, ${password === undefined ? 'not encrypted' : 'encrypted'}: keep a copy, nobody can make it again`,
    )
    return Exit.done
  } finally {
    await password?.wipe()
  }
}

async function show(values: Values, output: Output): Promise<number> {
  const place = placeOf(values)
  const passwordFile = values['wallet.password-file']
  const password = passwordFile === undefined ? {} : { password: { file: passwordFile } }
  const { hotkey } = await walletSigner({ ...place, ...password, logger: consoleLogger('warn') })
  const file = hotkeyFile(place)
  output.json({ hotkey, file })
  output.say(`${hotkey}\nin ${file}`)
  return Exit.done
}

async function check(values: Values, output: Output): Promise<number> {
  const { findings } = await checkWallet({ ...values, signer: undefined })
  return tell(findings, output)
}
