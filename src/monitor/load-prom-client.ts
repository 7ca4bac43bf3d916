/** The only import of prom-client, which nobody needs who has no Prometheus. */
import { LevinError } from '../errors.js'

export type PromClient = typeof import('prom-client')

/** @throws LevinError CONFIG when the package is not there */
export async function loadPromClient(): Promise<PromClient> {
  try {
    return (await import('prom-client')).default
  } catch (cause) {
    throw new LevinError('CONFIG', "metrics need the package 'prom-client': run npm install prom-client", {
      cause,
    })
  }
}
