/** The only import of OpenTelemetry's API, which nobody needs who does not trace. */
import { optionalPackage } from '../optional-package.js'

export type OpenTelemetry = typeof import('@opentelemetry/api')

/** @throws LevinError CONFIG when the package is not there */
export const loadOpenTelemetry = (): Promise<OpenTelemetry> =>
  optionalPackage('tracing needs', '@opentelemetry/api', () => import('@opentelemetry/api'))
