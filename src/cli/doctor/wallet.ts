/** The hotkey: whether there is one that can sign, and who else could. */
import { stat } from 'node:fs/promises'
import type { Signer } from '../../auth/signer.js'
import type { ConfigValues, walletOptions } from '../../config/options.js'
import { signerFrom } from '../../config/parts.js'
import { silentLogger } from '../../logger.js'
import { coldkeyBeside, hotkeyFile, octal } from '../../wallet/files.js'
import { walletPlace } from '../../wallet/wallet-signer.js'
import { type Finding, ill, messageOf, odd, well } from './finding.js'

const OTHERS = 0o077

/** @returns the signer too, when there is one */
export async function checkWallet(
  values: ConfigValues<typeof walletOptions>,
): Promise<{ findings: Finding[]; signer?: Signer }> {
  const findings: Finding[] = []
  try {
    const signer = await signerFrom(values, silentLogger)
    findings.push(well('hotkey', signer.hotkey))
    if (values.signer === undefined) findings.push(...(await checkFiles(values)))
    return { findings, signer }
  } catch (error) {
    const cure =
      'say which wallet: --wallet.name and --wallet.hotkey, or BT_WALLET_NAME and BT_WALLET_HOTKEY; levin keys make makes one'
    return { findings: [ill('hotkey', messageOf(error), cure)] }
  }
}

async function checkFiles(values: ConfigValues<typeof walletOptions>): Promise<Finding[]> {
  const file = hotkeyFile(
    walletPlace({
      name: values['wallet.name'],
      hotkey: values['wallet.hotkey'],
      path: values['wallet.path'],
    }),
  )
  const { mode } = await stat(file)
  const findings =
    (mode & OTHERS) === 0
      ? [well('key file', `${file} has mode ${octal(mode)}`)]
      : [
          ill(
            'key file',
            `${file} has mode ${octal(mode)}: others on this machine can use it`,
            `chmod 600 ${file}`,
          ),
        ]
  const coldkey = await coldkeyBeside(file)
  if (coldkey !== undefined) {
    const found = `${coldkey} is on this machine: whoever gets in has the funds`
    findings.push(
      odd(
        'coldkey',
        found,
        'keep it elsewhere; a miner and a validator need the hotkey alone, and coldkeypub.txt can stay',
      ),
    )
  }
  return findings
}
