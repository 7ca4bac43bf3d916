/** Where learned hosts survive a restart: JSON, `{ "5F...": ["192.0.2.1", "2001:db8:0:0::/64"] }`. */
import { open, rename, rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { inspect } from 'node:util'
import { parseHotkey } from '../../auth/ss58.js'
import { LevinError } from '../../errors.js'
import type { Logger } from '../../logger.js'
import { readFile } from '../../read-file.js'
import { sourceKey } from '../../transport/source-key.js'

/** Hosts by hotkey, each as `sourceKey` has it. */
export type HostsByHotkey = ReadonlyMap<string, Iterable<string>>

/** Ten times what the most that is remembered needs. */
const MAX_FILE_BYTES = 16 * 1024 * 1024

/** What `saveHosts` saved. Never rejects: a broken file is reported, renamed to `<file>.broken`, and means nothing. */
export async function loadHosts(file: string, logger: Logger): Promise<HostsByHotkey> {
  try {
    return hostsOf(await readFile(file, MAX_FILE_BYTES))
  } catch (error) {
    if (isMissing(error)) return new Map()
    const aside = `${file}.broken`
    const renamed = await rename(file, aside).then(
      () => `it is ${aside} now`,
      (cause: Error) => `it could not be renamed: ${cause.message}`,
    )
    logger.error(`source filter: ${file} is broken, and learning starts anew; ${renamed}`, { error })
    return new Map()
  }
}

/** All or nothing: who reads the file, at any time, finds what was there before or all of this. @throws what the system throws */
export async function saveHosts(file: string, hosts: HostsByHotkey): Promise<void> {
  const content = Object.fromEntries([...hosts].map(([hotkey, known]) => [hotkey, [...known]]))
  const beside = `${file}.${process.pid}.tmp`
  try {
    const handle = await open(beside, 'w')
    try {
      await handle.writeFile(JSON.stringify(content, undefined, 1))
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(beside, file)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {}) // why it could not be saved says more
    throw error
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

/** @throws what JSON does, or LevinError CONFIG naming what should not be there */
function hostsOf(bytes: Buffer): HostsByHotkey {
  const content: unknown = JSON.parse(bytes.toString('utf8'))
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new LevinError('CONFIG', 'it is not an object of hosts by hotkey')
  }
  return new Map(
    Object.entries(content).map(([hotkey, hosts]): [string, string[]] => {
      if (parseHotkey(hotkey) === undefined)
        throw new LevinError('CONFIG', `${inspect(hotkey)} is not a hotkey`)
      if (!Array.isArray(hosts)) throw new LevinError('CONFIG', `what is at ${hotkey} is not a list`)
      return [hotkey, hosts.map(sourceOf)]
    }),
  )
}

function sourceOf(host: unknown): string {
  const address = typeof host === 'string' ? host.replace(/\/64$/, '') : ''
  if (isIP(address) === 0) throw new LevinError('CONFIG', `${inspect(host)} is not an IP address`)
  return sourceKey(address)
}
