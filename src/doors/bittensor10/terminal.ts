/** What `bittensor` 10 says of either end of a call: of the axon, and of the dendrite that asks it. */

/** What both ends say that they are: 10.5.0. */
export const VERSION = 10_005_000

/** In the order in which Python writes them. */
const FIELDS = [
  'status_code',
  'status_message',
  'process_time',
  'ip',
  'port',
  'version',
  'nonce',
  'uuid',
  'hotkey',
  'signature',
] as const

/** What is known of one end; the rest is null in a body, and left out of headers. */
export type Terminal = { readonly [field in (typeof FIELDS)[number]]?: string | number | bigint | undefined }

/** Of the headers, by which end they are about. */
export const AXON = 'bt_header_axon_'
export const DENDRITE = 'bt_header_dendrite_'

/** As it stands in a synapse's JSON. */
export function terminalJson(terminal: Terminal): string {
  const values = FIELDS.map((field) => {
    const value = terminal[field] ?? null
    return `"${field}":${typeof value === 'bigint' ? value : JSON.stringify(value)}`
  })
  return `{${values.join(',')}}`
}

/** As it stands in headers. */
export function terminalHeaders(
  prefix: typeof AXON | typeof DENDRITE,
  terminal: Terminal,
): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const field of FIELDS) {
    const value = terminal[field]
    if (value !== undefined) headers[prefix + field] = inHeader(String(value))
  }
  return headers
}

/** What a header cannot hold is a question mark in it. */
export const inHeader = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')
