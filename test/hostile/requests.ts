/**
 * The worst that one request, or one answer, can do to the loop of who reads it: messages that are made to be slow to
 * decode and to bind, for the classes of the examples and for generated ones. What is counted is the time of this thread
 * on the processor where the system tells it, so that others on the machine do not count.
 */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import {
  Identification,
  KeywordList,
  LimitedTextQuery,
  SummarySentence,
  TextQuery,
} from '../../examples/miner/contract.js'
import type { DtoClass } from '../../src/contract/definition.js'
import { describeDto } from '../../src/contract/dto.js'
import { decodeValue, encodeValue } from '../../src/wire/msgpack.js'
import type { Value } from '../../src/wire/value.js'
import { type GeneratedClass, generatedClasses } from '../support/generated-classes.js'

const MIB = 1024 * 1024

export interface WorstRequest {
  readonly what: string
  readonly ms: number
}

interface Subject {
  readonly name: string
  readonly type: DtoClass
  /** Names of its properties as they are on the wire, and of those of what it nests. */
  readonly samples: readonly object[]
}

const EXAMPLES: readonly Subject[] = [
  TextQuery,
  LimitedTextQuery,
  Identification,
  KeywordList,
  SummarySentence,
].map((type) => ({
  name: type.name,
  type,
  samples: [
    { text: 'a', limit: 5 },
    { guesses: [{ language: 'en', confidence: 1 }], reliable: true },
    { words: ['a'] },
    { position: 1, text: 'a' },
  ],
}))

/** What fills a message up: many of one thing, or one text. */
const MANY: Readonly<Record<string, (i: number) => unknown>> = {
  zeros: () => 0,
  nils: () => null,
  texts: (i) => `a${i % 10}`,
  emoji: () => '\u{1f600}',
  doubles: (i) => i + 0.5,
  'large integers': (i) => 2n ** 60n + BigInt(i),
  'empty lists': () => [],
  'empty maps': () => ({}),
  'lists in lists': () => [[[null]]],
  'maps of new keys': (i) => ({ [`k${i}`]: 1 }),
  'small maps': () => ({ a: 1, b: 'a' }),
  binaries: () => Buffer.alloc(0),
}
const TEXTS = ['a', '€', '\u{1f600}', '\ufe0f', '\u{1f600}\ufe0f']

/** One value that takes so many bytes on the wire. */
interface Payload {
  readonly what: string
  /** Decoded anew where binding may change how V8 keeps it, so that each class pays for that. */
  readonly value: () => unknown
  /** How long it takes to decode. */
  readonly decodeMs: number
}

/**
 * @param options.classes how many are generated
 * @param options.bytes of each message
 * @param options.report told of each that was worse than all before
 * @returns the slowest that was found
 */
export function worstRequest(options: {
  readonly seed: number
  readonly classes: number
  readonly bytes: number
  readonly report?: (worst: WorstRequest) => void
}): WorstRequest {
  const { seed, classes, bytes, report } = options
  const generated = fc.sample(generatedClasses, { seed, numRuns: classes }).map(subjectOf(seed))
  const subjects = [...EXAMPLES, ...generated]
  let worst: WorstRequest = { what: 'nothing', ms: 0 }
  const attempt = ({ name, type }: Subject, { what, value, decodeMs }: Payload, property: string): void => {
    const ms = decodeMs + bindMs(type, () => ({ [property]: value() }), worst.ms - decodeMs)
    if (ms <= worst.ms) return
    worst = { what: `${name}: ${property} of ${what}`, ms }
    report?.(worst)
  }
  for (const payload of payloads(bytes)) {
    for (const subject of subjects) {
      for (const property of ['unknown', ...namesOf(subject)]) attempt(subject, payload, property)
    }
  }
  for (const subject of subjects) {
    for (const [property, element] of elementsOf(subject)) {
      const parts = new Array<Buffer>(DIFFERENT).fill(encodeValue(element))
      attempt(subject, payloadOf('its own objects', listOf(parts, bytes), bytes), property)
    }
  }
  return worst
}

const subjectOf =
  (seed: number) =>
  (made: GeneratedClass, i: number): Subject => ({
    name: `class ${i} (${made.text})`,
    type: made.type,
    samples: fc.sample(made.data, { seed, numRuns: 8 }),
  })

const namesOf = ({ samples }: Subject): string[] => [...new Set(samples.flatMap((one) => Object.keys(one)))]

/** What nested lists of a class hold, good and bad; one object each, of which a message has as many as it can. */
function elementsOf({ samples }: Subject): [string, object][] {
  const entries = samples.flatMap((sample) => Object.entries(sample))
  const all = entries.flatMap(([name, value]) =>
    [value].flat().map((element): [string, unknown] => [name, element]),
  )
  const objects = all.filter((entry): entry is [string, object] => isNested(entry[1]))
  return [
    ...new Map(objects.map((entry) => [entry[0] + JSON.stringify(Object.keys(entry[1])), entry])).values(),
  ]
}

const isNested = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !(value instanceof Uint8Array) &&
  Object.keys(value).length > 0

function* payloads(bytes: number): Iterable<Payload> {
  for (const [what, make] of Object.entries(MANY)) {
    const parts = Array.from({ length: DIFFERENT }, (_, i) => encodeValue(make(i)))
    yield payloadOf(what, listOf(parts, bytes), bytes)
  }
  for (const text of TEXTS) {
    const most = Math.floor((bytes - 100) / Buffer.byteLength(text))
    const encoded = longest(most, bytes, (count) => encodeValue(text.repeat(count)))
    yield payloadOf(`a text of ${JSON.stringify(text)}`, encoded, bytes)
  }
}

/** In a message of so many bytes: what it may cost depends on them. */
function payloadOf(what: string, encoded: Buffer, bytes: number): Payload {
  const message = padded(encoded, bytes)
  const decode = (): Value => (decodeValue(message) as Value[])[0]!
  const decodeMs = leastMs(decode, () => undefined)
  const value = decode()
  return { what, value: isFloats(value) ? decode : () => value, decodeMs }
}

const padded = (encoded: Buffer, bytes: number): Buffer =>
  Buffer.concat([
    Buffer.from([0x92]),
    encoded,
    encodeValue(Buffer.alloc(Math.max(0, bytes - encoded.length))),
  ])

/** How many of a list are different from each other. */
const DIFFERENT = 200_000

const isFloats = (value: Value): boolean =>
  Array.isArray(value) && typeof value[0] === 'number' && !Number.isInteger(value[0])

/** @param parts of which it is made, encoded, again and again */
function listOf(parts: readonly Buffer[], bytes: number): Buffer {
  const block = Buffer.concat(parts)
  const most = Math.floor((parts.length * (bytes - 100)) / block.length)
  return longest(most, bytes, (count) => {
    const header = Buffer.from([0xdd, 0, 0, 0, 0])
    header.writeUInt32BE(count, 1)
    const whole = Array.from({ length: Math.floor(count / parts.length) }, () => block)
    return Buffer.concat([header, ...whole, ...parts.slice(0, count % parts.length)])
  })
}

/** As many as the decoder takes, to a twentieth. */
function longest(most: number, bytes: number, make: (count: number) => Buffer): Buffer {
  let [taken, refused] = [0, 2 * most]
  let encoded = make(0)
  while (refused - taken > taken / 20 + 1) {
    const count = Math.floor((taken + refused) / 2)
    const more = make(count)
    if (isTaken(padded(more, bytes))) [taken, encoded] = [count, more]
    else refused = count
    if (taken === most) break
  }
  return encoded
}

function isTaken(message: Buffer): boolean {
  try {
    decodeValue(message)
    return true
  } catch {
    return false
  }
}

/** How long it takes to bind the data, and to give what it was bound to as an answer. */
function bindMs(type: DtoClass, data: () => object, most: number): number {
  const dto = describeDto(type, 'request', {})
  const bind = (fresh: object): void => {
    try {
      dto.plain(dto.instance(fresh, 'INVALID_REQUEST'))
    } catch {
      // refused is as good as bound
    }
  }
  return leastMs(bind, data, most)
}

/** The least of some: what is not always so is another's, the collector's or the compiler's. */
function leastMs<T>(run: (given: T) => unknown, prepare: () => T, most = 0): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const given = prepare()
    const start = threadMs()
    run(given)
    least = Math.min(least, threadMs() - start)
    if (least < most) break
  }
  return least
}

/** Milliseconds that this process's main thread has had of a processor. */
function threadMs(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[0]) / 1e6
  } catch {
    return performance.now()
  }
}

/** What is asked of a message of so many bytes. */
export const LIMITS: readonly { readonly bytes: number; readonly ms: number }[] = [
  { bytes: MIB, ms: 30 },
  { bytes: 64 * MIB, ms: 250 },
]
