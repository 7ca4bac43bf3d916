import type { Buffer } from 'node:buffer'
import type { Keypair } from '../auth/sr25519.js'
import { LevinError } from '../errors.js'
import { FERNET_START, openFernet } from './forms/fernet.js'
import { fieldsOf } from './forms/fields.js'
import { NACL_START, openNacl } from './forms/nacl.js'
import { plainKeypair } from './forms/plain.js'
import { isPolkadotJs, polkadotKeypair } from './forms/polkadot-js.js'
import { openVault, VAULT_START } from './forms/vault.js'
import type { Password } from './password.js'

interface EncryptedForm {
  readonly name: string
  readonly start: Buffer
  readonly open: (file: Buffer, password: Password) => Promise<Buffer | undefined>
}

/** The forms that are JSON inside, by how they start. */
const ENCRYPTED: readonly EncryptedForm[] = [
  { name: '$NACL', start: NACL_START, open: openNacl },
  { name: 'Ansible vault', start: VAULT_START, open: openVault },
  { name: 'Fernet', start: FERNET_START, open: openFernet },
]

/**
 * The keypair in a hotkey's file, in whichever form it is.
 * @param bytes wiped
 * @param password asked for when the file is encrypted; undefined when there is none
 * @throws LevinError CONFIG that names the file and the field, and says nothing of the secret
 */
export async function keypairIn(
  file: string,
  bytes: Buffer,
  password: () => Promise<Password | undefined>,
): Promise<Keypair> {
  const unlocked = async (form: string): Promise<Password> => {
    const given = await password()
    if (given !== undefined) return given
    throw new LevinError(
      'CONFIG',
      `it is encrypted (${form}): give its password, as the option password or in a file that BT_WALLET_PASSWORD_FILE names`,
    )
  }
  let json = bytes
  try {
    const form = ENCRYPTED.find(({ start }) => bytes.subarray(0, start.length).equals(start))
    if (form !== undefined) json = await opened(form, bytes, await unlocked(form.name))
    else if (firstCharacter(bytes) !== '{') throw new LevinError('CONFIG', unknownForm(bytes))
    const fields = fieldsOf(json)
    return isPolkadotJs(fields)
      ? await polkadotKeypair(fields, () => unlocked('polkadot-js'))
      : plainKeypair(fields)
  } catch (error) {
    const { code, message } = LevinError.from(error)
    throw new LevinError(code, `the key file ${file}: ${message}`)
  } finally {
    bytes.fill(0)
    json.fill(0)
  }
}

async function opened({ name, open }: EncryptedForm, bytes: Buffer, password: Password): Promise<Buffer> {
  const json = await open(bytes, password)
  if (json !== undefined) return json
  throw new LevinError('CONFIG', `it is encrypted (${name}): the password is wrong, or the file is damaged`)
}

/** What was found, by its kind: the bytes themselves may be a secret. */
function unknownForm(bytes: Buffer): string {
  const known = `JSON, ${ENCRYPTED.map(({ name }) => name).join(', ')} and polkadot-js are read`
  return (
    `it is ${kindOf(bytes)}, none of the forms that wallets have; ${known}. ` +
    'Name the file that btcli made for the hotkey, or let it make that anew from its words: btcli wallet regen-hotkey'
  )
}

function kindOf(bytes: Buffer): string {
  if (bytes.length === 0) return 'empty'
  const text = bytes.toString('latin1').trim()
  const hex = /^(?:0x)?([0-9a-f]+)$/i.exec(text)?.[1]
  if (hex !== undefined)
    return `${hex.length} hex digits, as a hash or a bare seed is (for a seed there is secretSigner)`
  if (/^\$(2[aby]|5|6|argon2\w*|pbkdf2[\w-]*|scrypt)\$/.test(text))
    return 'the hash of a password, which holds no key'
  if (/^[a-z]+( +[a-z]+){11,23}$/.test(text))
    return 'words, as a bare mnemonic is (for it there is secretSigner)'
  return /^[\t\r\n\x20-\x7e]*$/.test(text)
    ? `${bytes.length} bytes of text`
    : `${bytes.length} bytes that are no text`
}

const firstCharacter = (bytes: Buffer): string =>
  bytes.subarray(0, 64).toString('latin1').trimStart().charAt(0)
