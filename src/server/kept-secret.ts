import { randomBytes } from 'node:crypto'
import { link, mkdir, rm, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { readFile } from '../read-file.js'

export const RESET_SECRET_BYTES = 32
const OWNER_ALONE = 0o600

/** Where programs keep what must outlive them (the XDG Base Directory Specification). */
const stateFolder = (): string =>
  join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'levin')

/**
 * The secret of a hotkey whose signer has none to derive it from: made by the first start, and kept in a file. Never
 * rejects: a miner that cannot keep it draws one, and says so.
 */
export async function keptSecret(hotkey: string, logger: Logger): Promise<Uint8Array> {
  const folder = stateFolder()
  const file = join(folder, `reset-secret-${hotkey}`)
  try {
    return (await read(file)) ?? (await make(folder, file))
  } catch (error) {
    logger.warn(
      `the secret of stateless resets cannot be kept in ${file}: validators will notice late that this miner started ` +
        'again; set XDG_STATE_HOME to a folder that it may write to, or give resetSecret',
      { error: LevinError.from(error) },
    )
    return randomBytes(RESET_SECRET_BYTES)
  }
}

/** Undefined when there is none yet. */
async function read(file: string): Promise<Uint8Array | undefined> {
  try {
    const secret = await readFile(file, RESET_SECRET_BYTES)
    if (secret.length === RESET_SECRET_BYTES) return secret
    throw new LevinError('CONFIG', `it has ${secret.length} bytes and not ${RESET_SECRET_BYTES}; remove it`)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Whole or not at all, and the same for all who start at once: the first to link it wins. */
async function make(folder: string, file: string): Promise<Uint8Array> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const secret = randomBytes(RESET_SECRET_BYTES)
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`
  await writeFile(draft, secret, { mode: OWNER_ALONE, flag: 'wx' })
  try {
    await link(draft, file)
    return secret
  } catch (error) {
    const others = await read(file)
    if (others === undefined) throw error
    return others
  } finally {
    await rm(draft, { force: true })
  }
}
