/** The only import of OpenTelemetry's API, which nobody needs who does not trace. */
import { LevinError } from '../errors.js'

export type OpenTelemetry = typeof import('@opentelemetry/api')

/** @throws LevinError CONFIG when the package is not there */
export async function loadOpenTelemetry(): Promise<OpenTelemetry> {
  try {
    return await import('@opentelemetry/api')
  } catch (cause) {
    throw new LevinError(
      'CONFIG',
      "tracing needs the package '@opentelemetry/api': run npm install @opentelemetry/api",
      { cause },
    )
  }
}
