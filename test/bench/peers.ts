/** How each kind of peer is started. */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import {
  buildRustPeer,
  missingTools,
  type PythonPeer,
  prepareBittensorPeer,
  preparePythonPeer,
} from '../interop/peers/build.js'
import type { PeerKind } from './pairs.js'
import type { Command } from './processes.js'

export interface Peer {
  readonly miner: Command
  /** Without what to measure. */
  readonly client: Command
  /** Reads streams; undefined where the peer has none to measure. */
  readonly streamClient: Command | undefined
}

/** What is ready to start, and what each kind that is not lacks on this machine. */
export interface Peers {
  readonly ready: ReadonlyMap<PeerKind, Peer>
  readonly missing: ReadonlyMap<PeerKind, string>
}

/** Builds and installs what is needed for `kinds`. @throws Error when that fails for another reason than a missing tool */
export async function preparePeers(kinds: ReadonlySet<PeerKind>): Promise<Peers> {
  const ready = new Map<PeerKind, Peer>()
  const missing = new Map<PeerKind, string>()
  for (const kind of kinds) {
    try {
      ready.set(kind, await prepare(kind))
    } catch (error) {
      // Asked after the failure only: a peer that was prepared before needs no tools.
      const outside = kind === 'rust' || kind === 'python' || kind === 'bittensor'
      const tools = outside ? missingTools(kind) : []
      if (tools.length === 0) throw error
      missing.set(kind, `the ${kind} peer needs ${tools.join(', ')}, and it is not installed here`)
    }
  }
  return { ready, missing }
}

async function prepare(kind: PeerKind): Promise<Peer> {
  if (kind === 'rust') {
    const file = await buildRustPeer()
    return { ...reference(file, []), streamClient: { file, args: ['bench-stream'] } }
  }
  if (kind === 'python') return inPython(await preparePythonPeer())
  if (kind === 'bittensor') return inPython(await prepareBittensorPeer())
  const env = { LEVIN_ENGINE: kind === 'quiche' ? 'quiche' : bestEngine() }
  if (kind === 'door') {
    return {
      miner: { ...script('levin-miner.js', '--http'), env },
      client: script('http-client.js'),
      streamClient: undefined,
    }
  }
  return {
    miner: { ...script('levin-miner.js', ...MINER_FLAGS[kind]), env },
    client: { ...script('levin-client.js', ...(kind === 'typed' ? ['--typed'] : [])), env },
    streamClient: { ...script('levin-stream.js'), env },
  }
}

/** What an author gets by default; a run says when that is the slower one. */
function bestEngine(): 'quinn' | 'quiche' {
  try {
    createRequire(import.meta.url)('levin-engine')
    return 'quinn'
  } catch (error) {
    console.log(
      `Levin is measured on quiche, since the native engine does not load: ${(error as Error).message}`,
    )
    return 'quiche'
  }
}

const MINER_FLAGS = {
  levin: [],
  quiche: [],
  typed: ['--middleware'],
  open: ['--open'],
  guarded: ['--guarded'],
} as const

function inPython({ python, script }: PythonPeer): Peer {
  return reference(python, [script])
}

function reference(file: string, args: readonly string[]): Peer {
  return {
    miner: { file, args: [...args, 'bench-miner', '--port', '0'] },
    client: { file, args: [...args, 'bench-client'] },
    streamClient: undefined,
  }
}

/** A program of this folder. */
export function script(name: string, ...args: string[]): Command {
  return { file: process.execPath, args: [fileURLToPath(new URL(name, import.meta.url)), ...args] }
}
