/** The UDP port: free, or our own miner behind it. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { Signer } from '../../auth/signer.js'
import { type Finding, ill, well } from './finding.js'
import { reach } from './reach.js'

/** Whether our miner runs is what the check of its published address needs to know. */
export interface PortFinding {
  readonly finding: Finding
  readonly isRunning: boolean
}

export async function checkPort(
  host: string,
  port: number,
  signer: Signer | undefined,
): Promise<PortFinding> {
  const failure = await bound(host, port)
  if (failure === undefined) return { finding: well('port', `UDP ${host}:${port} is free`), isRunning: false }
  if (failure === 'EADDRINUSE' && signer !== undefined) {
    const reached = await reach({ hotkey: signer.hotkey, host: local(host), port }, signer)
    if (reached.is === 'there')
      return { finding: well('port', `a miner runs on UDP ${host}:${port}`), isRunning: true }
  }
  return { finding: ill('port', ...wordsOf(failure, host, port)), isRunning: false }
}

function wordsOf(failure: string, host: string, port: number): [found: string, cure: string] {
  switch (failure) {
    case 'EADDRINUSE':
      return [
        `UDP ${host}:${port} is taken by another program`,
        `see which: ss -ulpn 'sport = :${port}'; end it, or choose another --axon.port`,
      ]
    case 'EADDRNOTAVAIL':
      return [
        `this machine has no address ${host}`,
        'give --axon.ip one of its own (ip address), or 0.0.0.0 for all',
      ]
    case 'EACCES':
      return [`this user may not open UDP ${host}:${port}`, 'choose an --axon.port from 1024 on']
    default:
      return [`UDP ${host}:${port} cannot be opened: ${failure}`, 'choose another --axon.ip or --axon.port']
  }
}

/** @returns the system's code for why not */
async function bound(host: string, port: number): Promise<string | undefined> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' })
  try {
    socket.bind({ address: host, port, exclusive: true })
    await once(socket, 'listening')
    return undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'the system does not say why'
  } finally {
    socket.close()
  }
}

const local = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host)
