/** What a real dendrite and a real axon said to each other. */
import { readFileSync } from 'node:fs'
import type { HttpHeaders } from '../../../src/doors/headers.js'

type Pairs = readonly (readonly [string, string])[]

interface Captured {
  readonly dendrite_request: { readonly headers: Pairs; readonly body: string }
  readonly axon_responses: Readonly<
    Record<string, { readonly status: number; readonly headers: Pairs; readonly body: string }>
  >
}

export const captured: Captured = JSON.parse(
  readFileSync(new URL('../../vectors/bittensor-10.5.0.json', import.meta.url), 'utf8'),
)

export const headersOf = (pairs: Pairs): HttpHeaders =>
  Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), [value]]))

/** Of the seeds that the captured pair had: 32 bytes of 1 and of 2. */
export const MINER = '5CcyqxXnJucaCnQQvvUg5EPzj1uoNAxACZvzArHw5aVDvgNH'
export const VALIDATOR_SEED = Buffer.alloc(32, 2)
