/** The only import of ws, which nobody needs who does not ask the chain. */
import type WebSocket from 'ws'
import { LevinError } from '../errors.js'

export type { WebSocket }

/** @throws LevinError CONFIG when the package is not there */
export async function loadWebSocket(): Promise<typeof WebSocket> {
  try {
    return (await import('ws')).default
  } catch (cause) {
    throw new LevinError('CONFIG', "asking the chain needs the package 'ws': run npm install ws", { cause })
  }
}
