/** The only place that loads ws, which nobody needs who does not ask the chain. */
import { LevinError } from '../errors.js'

/**
 * @param what needs it, in words that begin the message
 * @throws LevinError CONFIG when the package is not there
 */
export async function loadWs(what: string): Promise<typeof import('ws')> {
  try {
    return await import('ws')
  } catch (cause) {
    throw new LevinError('CONFIG', `${what} needs the package 'ws': run npm install ws`, { cause })
  }
}
