/** The only import of prom-client, which nobody needs who has no Prometheus. */
import { optionalPackage } from '../optional-package.js'

export type PromClient = typeof import('prom-client')

/** @throws LevinError CONFIG when the package is not there */
export const loadPromClient = (): Promise<PromClient> =>
  optionalPackage('metrics need', 'prom-client', async () => (await import('prom-client')).default)
