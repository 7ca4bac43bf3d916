/** The only place that loads ws, which nobody needs who does not ask the chain. */
import { optionalPackage } from '../optional-package.js'

/**
 * @param what needs it, in words that begin the message
 * @throws LevinError CONFIG when the package is not there
 */
export const loadWs = (what: string): Promise<typeof import('ws')> =>
  optionalPackage(`${what} needs`, 'ws', () => import('ws'))
