/** What a dendrite saw, as far as it is the same each time. */

/** What `told` of peers/bittensor/dendrite.py prints. */
export interface Told {
  /** As the dendrite reads it: a number that the axon said, or text where the dendrite found out by itself. */
  readonly statusCode: number | string
  readonly statusMessage: string | null
  /** Of `is_success`, `is_failure`, `is_timeout`, `is_blacklist`, `failed_verification`: those that hold. */
  readonly flags: readonly string[]
  /** With the answer's fields filled in. */
  readonly synapse: Readonly<Record<string, unknown>>
  /** Null when no answer came. */
  readonly http: HttpAnswer | null
}

export interface HttpAnswer {
  readonly status: number
  /** Names as they were sent. */
  readonly headers?: readonly (readonly [string, string])[]
  /** Null of a stream. */
  readonly body: string | null
}

/** Headers that are the server's own, and not the protocol's. */
const OF_SERVERS = new Set([
  'date',
  'server',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
])

/** What an axon says and a Levin miner does not: a signature of its own that no dendrite looks at, and the request's own headers. */
const LEFT_OUT = /^bt_header_(axon_signature$|input_obj_)/

/** The names of all headers, and the values of those that a dendrite may be asked about. */
export function form({ status, headers, body }: HttpAnswer) {
  const kept = (headers ?? []).filter(([name]) => !OF_SERVERS.has(name.toLowerCase()) && !LEFT_OUT.test(name))
  return {
    status,
    headers: Object.fromEntries(kept.map(([name, value]) => [name, masked(name, value)]).sort()),
    body: body === null ? null : maskedJson(body),
  }
}

/** Of these only the kind is compared: they are another thing each time, or of each end. */
const KINDS: readonly (readonly [RegExp, RegExp, string])[] = [
  [/(nonce|port|version|_size)$/, /^\d+$/, 'an integer'],
  [/process_time$/, /^\d+(\.\d+)?(e-\d+)?$/, 'a number'],
  [/uuid$/, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, 'a uuid'],
  [/signature$/, /^0x[\da-f]{128}$/, 'a signature'],
  [/computed_body_hash$/, /^([\da-f]{64})?$/, 'a hash'],
  [/_ip$/, /^[\d.]+$/, 'an address'],
]

function masked(name: string, value: string): string {
  const kind = KINDS.find(([names, form]) => names.test(name) && form.test(value))
  return kind === undefined ? text(value) : kind[2]
}

const text = (value: string): string =>
  value
    .replace(/#[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g, '#<uuid>')
    .replace(/\[.*\]/, '[<names>]')
    .replace(/(blacklisted: ).*(\.)$/, '$1<reason>$2')
    .replace(/\d{19}\.\w{48}\.\w{48}\.[\da-f-]{36}\.[\da-f]{64}/, '<what is signed>')

function maskedJson(body: string): unknown {
  return JSON.parse(body, (name, value: unknown) => {
    // What is wrong with a body, and at which character, each parser says in its own way.
    if (name === 'error') return typeof value
    if (name === 'loc' && Array.isArray(value)) return value.slice(0, 1)
    if (typeof value === 'string') return masked(name, value)
    return typeof value === 'number' ? masked(name, String(value)) : value
  })
}
