import type { MetagraphSource } from '../../metagraph/source.js'

/** Whether what a source says may still be gone by. Never throws: what a source that throws says is not known to be. */
export function isFresh(source: Pick<MetagraphSource, 'ageMs'>, maxAgeMs: number): boolean {
  try {
    return (source.ageMs() ?? Infinity) <= maxAgeMs
  } catch {
    return false
  }
}
