/** Where Bittensor's tools keep keys: `<path>/<name>/hotkeys/<hotkey>`, beside `<path>/<name>/coldkey`. */
import { readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { inspect } from 'node:util'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { readFile } from '../read-file.js'

/** A key file has some 900 bytes, a vault's three times as many. */
const MAX_KEY_FILE_BYTES = 64 * 1024
const READABLE_BY_OTHERS = 0o044
const NAMES_SHOWN = 10

export interface WalletPlace {
  readonly name: string
  readonly hotkey: string
  readonly path: string
}

/** @throws LevinError CONFIG for a name that would lead out of the wallet's folder */
export function hotkeyFile({ name, hotkey, path }: WalletPlace): string {
  return join(homePath(path), folderName('name', name), 'hotkeys', folderName('hotkey', hotkey))
}

/** A path with `~` as the shell has it. */
export function homePath(path: string): string {
  if (typeof path !== 'string' || path === '') {
    throw new LevinError('CONFIG', `a path is a text, not ${inspect(path)}`)
  }
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
}

/**
 * A key file's bytes; says on the way who else can read it, and whether a coldkey lies beside it.
 * @throws LevinError CONFIG naming the file
 */
export async function readKeyFile(file: string, logger: Logger): Promise<Buffer> {
  try {
    const bytes = await readFile(file, MAX_KEY_FILE_BYTES)
    await warnOfReaders(file, logger)
    await warnOfColdkey(file, logger)
    return bytes
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      throw new LevinError('CONFIG', `the key file ${file} cannot be read: ${systemWords(error)}`)
    }
    throw new LevinError('CONFIG', `there is no key file ${file}; ${await whatThereIs(file)}`)
  }
}

const warned = new Set<string>()

/** Says so, once for each file and process, when others than its owner can read it. @throws what the system throws */
export async function warnOfReaders(file: string, logger: Logger): Promise<void> {
  const { mode } = await stat(file)
  if ((mode & READABLE_BY_OTHERS) === 0) return
  warnOnce(logger, file, `others can read ${file} (mode ${octal(mode)}): chmod 600 ${file}`)
}

/** What may be done with a file, as chmod takes it. */
export const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0')

/** The coldkey of a hotkey's wallet, with its secret, where that is on this machine. */
export async function coldkeyBeside(hotkeyFile: string): Promise<string | undefined> {
  const coldkey = join(dirname(dirname(hotkeyFile)), 'coldkey')
  const found = await stat(coldkey).catch(() => undefined)
  return found?.isFile() ? coldkey : undefined
}

async function warnOfColdkey(file: string, logger: Logger): Promise<void> {
  const coldkey = await coldkeyBeside(file)
  if (coldkey === undefined) return
  warnOnce(
    logger,
    coldkey,
    `the coldkey ${coldkey} is on this machine, with its secret: nothing here needs it, and who has it has the funds. ` +
      'Keep it elsewhere; coldkeypub.txt can stay',
  )
}

function warnOnce(logger: Logger, about: string, message: string): void {
  if (warned.has(about)) return
  warned.add(about)
  logger.warn(message)
}

/** What the system says of a file, without its path, which the message around it has. */
export function systemWords(error: unknown): string {
  if (error instanceof LevinError) return error.message
  if (codeOf(error) === 'EACCES') return 'this user may not read it'
  if (codeOf(error) === 'ENOENT') return 'there is no such file'
  return codeOf(error) ?? 'the system does not say why'
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code

async function whatThereIs(file: string): Promise<string> {
  const folder = dirname(file)
  const names = await readdir(folder).catch(() => undefined)
  if (names === undefined) return `there is no folder ${folder} either: look at the wallet's name and path`
  const hotkeys = names.filter((name) => !name.endsWith('pub.txt')).sort()
  if (hotkeys.length === 0) return `the folder ${folder} has no hotkey`
  const more = hotkeys.length > NAMES_SHOWN ? ` and ${hotkeys.length - NAMES_SHOWN} more` : ''
  return `the hotkeys there are ${hotkeys.slice(0, NAMES_SHOWN).join(', ')}${more}`
}

function folderName(what: string, name: string): string {
  if (typeof name === 'string' && name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name))
    return name
  throw new LevinError(
    'CONFIG',
    `walletSigner: ${what} is ${inspect(name)}; it is the name of a wallet's file or folder`,
  )
}
