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

/** One value that takes so many bytes on the wire, decoded, and how long that took. */
interface Payload {
  readonly what: string
  readonly value: unknown
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
    const ms = decodeMs + bindMs(type, { [property]: value }, worst.ms - decodeMs)
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
      attempt(
        subject,
        payloadOf(
          'its own objects',
          listOf(() => element, bytes),
          bytes,
        ),
        property,
      )
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
  for (const [what, make] of Object.entries(MANY)) yield payloadOf(what, listOf(make, bytes), bytes)
  for (const text of TEXTS) {
    const most = Math.floor((bytes - 100) / Buffer.byteLength(text))
    yield payloadOf(`a text of ${JSON.stringify(text)}`, encodeValue(text.repeat(most)), bytes)
  }
}

/** In a message of so many bytes: what it may cost depends on them. */
function payloadOf(what: string, encoded: Buffer, bytes: number): Payload {
  const message = padded(encoded, bytes)
  const decodeMs = leastMs(() => decodeValue(message))
  return { what, value: (decodeValue(message) as Value[])[0], decodeMs }
}

const padded = (encoded: Buffer, bytes: number): Buffer =>
  Buffer.concat([
    Buffer.from([0x92]),
    encoded,
    encodeValue(Buffer.alloc(Math.max(0, bytes - encoded.length))),
  ])

/** How many of a list are different from each other. */
const DIFFERENT = 200_000

/** The longest list that fits, and that the decoder takes. */
function listOf(make: (i: number) => unknown, bytes: number): Buffer {
  const parts = Array.from({ length: DIFFERENT }, (_, i) => encodeValue(make(i)))
  const block = Buffer.concat(parts)
  let count = Math.floor((DIFFERENT * bytes) / block.length)
  for (;;) {
    const header = Buffer.from([0xdd, 0, 0, 0, 0])
    header.writeUInt32BE(count, 1)
    const whole = Array.from({ length: Math.floor(count / DIFFERENT) }, () => block)
    const list = Buffer.concat([header, ...whole, ...parts.slice(0, count % DIFFERENT)])
    if (isTaken(padded(list, bytes))) return list
    count = Math.floor(count * 0.9)
  }
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
function bindMs(type: DtoClass, data: object, most: number): number {
  const dto = describeDto(type, 'request', {})
  return leastMs(() => {
    try {
      dto.plain(dto.instance(data, 'INVALID_REQUEST'))
    } catch {
      // refused is as good as bound
    }
  }, most)
}

/** The least of some: what is not always so is another's, the collector's or the compiler's. */
function leastMs(run: () => unknown, most = 0): number {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 5; round++) {
    const start = threadMs()
    run()
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
