/** The only import of ws in tests, which only those of the chain need. */
import type { WebSocketServer } from 'ws'
import { LevinError } from '../../errors.js'

/** @throws LevinError CONFIG when the package is not there */
export async function loadWebSocketServer(): Promise<typeof WebSocketServer> {
  try {
    return (await import('ws')).WebSocketServer
  } catch (cause) {
    throw new LevinError('CONFIG', "fakeNode needs the package 'ws': run npm install --save-dev ws", {
      cause,
    })
  }
}
