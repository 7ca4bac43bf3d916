/**
 * The validator that tries every peer, by the suite and by hand: `npm run interop:validator -- --port P`.
 *
 * Hotkey of seed 32 x 0x02 (`--seed`), wants the miner of seed 32 x 0x01. One JSON line a case; exits with 1 when one
 * failed. `--cases a,b` runs those alone. The cases that wait for the miner's handler timeout run with
 * `--expect-timeout` only, since a miner's default is 30 s; the one that needs a miner which does not admit seed
 * 32 x 0x0a with `--expect-refusal`; `--imposter` expects a peer whose certificate has another key.
 */
import 'reflect-metadata'
import { isDeepStrictEqual } from 'node:util'
import {
  EncodedMap,
  LevinError,
  type LevinErrorCode,
  type MinerConnection,
  type SynapseData,
  seedSigner,
  silentLogger,
  synapse,
  Validator,
} from 'levin'
import { option, seedOf } from './options.js'

const port = Number(option('port'))
const host = option('host', '127.0.0.1')
const minerHotkey = seedSigner(seedOf(1)).hotkey
const TIMEOUT_MS = 90_000

const connectAs = (seed: number, hotkey = minerHotkey): Promise<MinerConnection> =>
  new Validator({ signer: seedSigner(seedOf(seed)), logger: silentLogger, timeoutMs: TIMEOUT_MS }).connect({
    hotkey,
    host,
    port,
  })

const [echo, fail, slow, unknown, countAsQuery] = ['echo', 'fail', 'slow', 'nosuch', 'count'].map((name) =>
  synapse(name, {}),
)
const [count, stall, half, echoAsStream, unknownStream] = ['count', 'stall', 'half', 'echo', 'nosuch'].map(
  (name) => synapse(name, { stream: true }),
)

let miner: MinerConnection

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what)
}

async function echoes(data: SynapseData): Promise<void> {
  const answer = await miner.query(echo!, data)
  expect(
    isDeepStrictEqual(comparable(answer.data), comparable(data)),
    `got back ${inspectShort(answer.data)}`,
  )
}

/** Buffers and Uint8Arrays of the same bytes are the same value. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(comparable)
  if (value instanceof Map)
    return new Map([...value].map(([key, inner]) => [comparable(key), comparable(inner)]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, comparable(inner)]))
}

const inspectShort = (value: unknown): string =>
  JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner)).slice(0, 200)

async function fails(code: LevinErrorCode, text: string, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (error) {
    const { code: got, message, peerMessage } = LevinError.from(error)
    expect(got === code, `failed with ${got} (${message}) instead of ${code}`)
    expect(
      (peerMessage ?? message).includes(text),
      `the text is '${peerMessage ?? message}' instead of '${text}'`,
    )
    return
  }
  throw new Error(`succeeded instead of failing with ${code}`)
}

async function collect(chunks: AsyncIterable<Uint8Array>, size: number): Promise<number> {
  let index = 0
  for await (const chunk of chunks) {
    expect(chunk.length === size, `chunk ${index} has ${chunk.length} bytes`)
    expect(Buffer.alloc(size, index % 256).equals(chunk), `chunk ${index} has other bytes`)
    index++
  }
  return index
}

/** Every byte differs from its neighbours, so that a block lost or out of order shows. */
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff
  return bytes
}

const MIB = 1024 * 1024
const sizes: [string, number][] = [
  ['0-b', 0],
  ['1-b', 1],
  ['1-kb', 1024],
  ['64-kb', 65_536],
  ['1-mib', MIB],
  ['16-mib', 16 * MIB],
]

const cases: Record<string, () => Promise<void>> = {
  'value-integers': () =>
    echoes({
      zero: 0,
      u8: 255,
      u16: 65_535,
      u32: 2 ** 32 - 1,
      safe: Number.MAX_SAFE_INTEGER,
      negative: -32,
      i16: -32_768,
    }),
  'value-u64-max': () => echoes({ value: 2n ** 64n - 1n }),
  'value-i64-min': () => echoes({ value: -(2n ** 63n) }),
  'value-f64': () =>
    echoes({ third: 1 / 3, tiny: 5e-324, huge: 1.7976931348623157e308, whole: 2, negativeZero: -0 }),
  'value-f32': async () => {
    const encoded = Buffer.from('81a576616c7565ca3fc00000', 'hex') // {value: 1.5 as f32}
    const { data } = await miner.query(echo!, new EncodedMap(encoded))
    expect(data.value === 1.5, `got back ${inspectShort(data)}`)
  },
  // A million of them take a Python miner longer than the suite lets a handler run.
  'value-f64-many': () => echoes({ floats: Array.from({ length: 100_000 }, (_, i) => Math.sin(i + 1)) }),
  'value-embeddings': () =>
    echoes({
      rows: Array.from({ length: 64 }, () => Array.from({ length: 1024 }, (_, i) => Math.cos(i + 1))),
    }),
  'value-nil-bool': () => echoes({ nil: null, yes: true, no: false }),
  'value-binary': () => echoes({ empty: Buffer.alloc(0), some: pattern(300) }),
  'value-strings': () => echoes({ grüße: 'Здравствуйте, 世界 👋', '': '', long: 'ä'.repeat(70_000) }),
  'value-nested': () => echoes({ map: { list: [1, [2, [3, { four: 4 }]], {}], empty: [] }, none: {} }),
  'value-integer-keys': () =>
    echoes({
      rust: new Map<number, string>([
        [0, 'zero'],
        [7, 'seven'],
      ]) as never,
    }),
  'value-empty-map': () => echoes({}),
  ...Object.fromEntries(
    sizes.map(([name, size]) => [`size-${name}`, () => echoes({ payload: pattern(size) })]),
  ),
  'stream-20-mb': async () => {
    const chunks = await collect(miner.stream(count!, { n: 320, size: 65_536 }), 65_536)
    expect(chunks === 320, `${chunks} chunks came`)
  },
  'stream-empty': async () => {
    expect((await collect(miner.stream(count!, { n: 0, size: 1 }), 1)) === 0, 'chunks came')
  },
  'stream-left-early': async () => {
    for await (const chunk of miner.stream(count!, { n: 1000, size: 65_536 })) {
      expect(chunk.length === 65_536, 'a wrong chunk')
      break
    }
    await echoes({ still: 'alive' })
  },
  'error-unknown-synapse': () =>
    fails('PEER_ERROR', 'unrecognized synapse type', () => miner.query(unknown!, {})),
  'error-unknown-stream': () =>
    fails('PEER_ERROR', 'unrecognized synapse type', () => collect(miner.stream(unknownStream!, {}), 0)),
  'error-failing-handler': () =>
    fails('PEER_ERROR', 'request processing failed', () => miner.query(fail!, {})),
  'error-failing-stream': async () => {
    let chunks = 0
    await fails('PEER_ERROR', 'stream processing failed', async () => {
      for await (const _chunk of miner.stream(half!, { n: 3, size: 10 })) chunks++
    })
    expect(chunks === 3, `${chunks} chunks came before the error`)
  },
  'error-stream-asked-as-query': () =>
    fails('PROTOCOL', 'use stream()', () => miner.query(countAsQuery!, { n: 1, size: 1 })),
  'error-query-asked-as-stream': () =>
    fails('PROTOCOL', 'use query()', () => collect(miner.stream(echoAsStream!, {}), 0)),
  'error-timed-out-here': async () => {
    await fails('TIMED_OUT', 'nothing came', () => miner.query(slow!, {}, { timeoutMs: 200 }))
    await echoes({ still: 'alive' })
  },
  'concurrent-200': async () => {
    const asked = Array.from({ length: 200 }, (_, i) => ({ index: i, payload: Buffer.alloc(1 + i * 17, i) }))
    const answers = await Promise.all(asked.map((data) => miner.query(echo!, data)))
    for (const [i, { data }] of answers.entries()) {
      expect(isDeepStrictEqual(comparable(data), comparable(asked[i])), `answer ${i} is another's`)
    }
  },
  'refused-wrong-miner': () =>
    fails('WRONG_PEER', 'wanted miner', () => connectAs(3, seedSigner(seedOf(0x0b)).hotkey)),
}

/** What only a miner that admits some can be asked; a Rust or Python miner does so with `--admit`. */
if (process.argv.includes('--expect-refusal')) {
  cases['refused-not-admitted'] = () => fails('HANDSHAKE_REFUSED', 'refused', () => connectAs(0x0a))
}
if (process.argv.includes('--expect-timeout')) {
  cases['error-handler-timeout'] = () =>
    fails('PEER_ERROR', 'handler timed out', () => miner.query(slow!, {}))
  cases['error-stream-timeout'] = () =>
    fails('PEER_ERROR', 'handler timed out', () => collect(miner.stream(stall!, { n: 2, size: 10 }), 10))
}

if (process.argv.includes('--imposter')) {
  const detail = await fails('CANNOT_CONNECT', '', () => connectAs(2)).then(() => '', String)
  console.log(JSON.stringify({ case: 'certificate-of-another-key', ok: detail === '', detail }))
  process.exit(detail === '' ? 0 : 1)
}

const wanted = process.argv.includes('--cases') ? option('cases').split(',') : Object.keys(cases)
miner = await connectAs(Number.parseInt(option('seed', '02'), 16))
let failed = 0
for (const name of wanted) {
  let detail = ''
  try {
    const run = cases[name]
    if (run === undefined) throw new Error(`there is no case '${name}'`)
    await run()
  } catch (error) {
    failed++
    detail = error instanceof Error ? error.message : String(error)
  }
  console.log(JSON.stringify({ case: name, ok: detail === '', ...(detail !== '' && { detail }) }))
}
miner.close()
process.exitCode = failed > 0 ? 1 : 0
