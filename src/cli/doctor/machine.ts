/** What the machine and its Node have to do with it. */
import { readFile } from 'node:fs/promises'
import type { EngineChoice, LoadedEngine } from '../../transport/load-engine.js'
import { type Finding, ill, messageOf, odd, well } from './finding.js'

/** As `engines` in package.json. @param version as `process.versions.node` has it */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isFit = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
  return isFit
    ? well('node', version)
    : ill(
        'node',
        `this is Node ${version}`,
        'Levin needs Node 20.19, 22.12 or newer: install it from nodejs.org, or with nvm install 24',
      )
}

/** @param choice what LEVIN_ENGINE asks for, or `auto` */
export async function checkEngine(
  choice: EngineChoice,
  load: (choice: EngineChoice) => Promise<LoadedEngine>,
): Promise<Finding> {
  try {
    const { engine, notice } = await load(choice)
    if (notice === undefined) return well('engine', engine.name)
    return odd('engine', notice, 'docs/engine.md: build the native engine, which is several times as fast')
  } catch (error) {
    const cure =
      'see docs/engine.md: build the native engine (npm run build:engine), or npm install @matrixai/quic on Linux x64 with glibc'
    return ill('engine', messageOf(error), cure)
  }
}

/** What the native engine asks for; `engine/src/limits.rs` has the same number. */
const WANTED_BYTES = 4 * 1024 * 1024

/**
 * How many bytes a UDP socket may hold while the loop is busy. Linux alone says so.
 * @param folder where the kernel tells its limits
 */
export async function checkBuffers(folder = '/proc/sys/net/core'): Promise<Finding> {
  const [receive, send] = await Promise.all([limitIn(folder, 'rmem_max'), limitIn(folder, 'wmem_max')])
  if (receive === undefined || send === undefined)
    return { check: 'buffers', state: 'skipped', found: 'this system does not say' }
  const found = `UDP sockets may hold ${receive} bytes to receive, ${send} to send`
  if (receive >= WANTED_BYTES && send >= WANTED_BYTES) return well('buffers', found)
  return odd(
    'buffers',
    `${found}: a burst is lost while the loop is busy`,
    `sudo sysctl -w net.core.rmem_max=${WANTED_BYTES} net.core.wmem_max=${WANTED_BYTES}, and the same two lines in /etc/sysctl.d/90-levin.conf`,
  )
}

async function limitIn(folder: string, name: string): Promise<number | undefined> {
  const text = await readFile(`${folder}/${name}`, 'utf8').catch(() => '')
  return /^\d+\s*$/.test(text) ? Number(text) : undefined
}
