/** Whatever a handler does, its caller is told the same by each of the three doors. */
import { setTimeout as sleep } from 'node:timers/promises'
import { decode } from '@msgpack/msgpack'
import { Type } from 'class-transformer'
import {
  IsArray,
  IsBoolean,
  IsDate,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Max,
  ValidateBy,
  ValidateNested,
} from 'class-validator'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Door } from '../../src/doors/door.js'
import {
  type Axon,
  type Call,
  type CallEvent,
  denylist,
  IsBytes,
  LevinError,
  Miner,
  priority,
  refuse,
  type Signer,
  type SynapseDefinition,
  silentLogger,
  synapse,
  Validator,
} from '../../src/index.js'
import { until } from '../support/frames.js'
import { minerSigner, signerOf, validatorSigner } from '../support/hotkeys.js'

const DOORS = ['quic', 'btauth', 'bittensor10'] as const
const UNWANTED = signerOf(3)
const SECRET = 'these words must never reach the peer'

const IsBigint = () =>
  ValidateBy({ name: 'isBigint', validator: { validate: (value) => typeof value === 'bigint' } })

class Inner {
  @IsString() name!: string
  @IsBytes() key!: Uint8Array
}
class Everything {
  @IsOptional() @IsString() text?: string | null
  @IsOptional() @IsInt() integer?: number
  @IsOptional() @IsNumber() float?: number
  @IsOptional() @IsBoolean() flag?: boolean
  @IsOptional() @IsBigint() large?: bigint
  @IsOptional() @IsBytes() bytes?: Uint8Array
  @IsOptional() @IsBytes({}, { each: true }) parts?: Uint8Array[]
  @IsOptional() @IsDate() @Type(() => Date) date?: Date
  @IsOptional() @IsArray() list?: unknown[]
  @IsOptional() @ValidateNested() @Type(() => Inner) inner?: Inner
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Inner) inners?: Inner[]
}
class Task {
  @IsString() text!: string
  @IsInt() @Max(100) n!: number
}
class Line {
  @IsInt() n!: number
  @IsOptional() @IsBytes() bytes?: Uint8Array
}

/** Gives back what it got. */
const Same = synapse('Same', { request: Everything, response: Everything })
const Any = synapse('Any', {})
const Work = synapse('Work', { request: Task, response: Task })
const Dropping = synapse('Dropping', { request: Task, response: Task, unknownProperties: 'drop' })
/** A middleware throws before its handler. */
const Guarded = synapse('Guarded', { request: Task, response: Task })
const Refused = synapse('Refused', { request: Task, response: Task })
const RefusedLines = synapse('RefusedLines', { request: Task, stream: Line })
const Short = synapse('Short', { timeoutMs: 100 })
const Lines = synapse('Lines', { request: Task, stream: Line })
const Bytes = synapse('Bytes', { request: Task, stream: true })
const ShortBytes = synapse('ShortBytes', { stream: true, timeoutMs: 100 })

/** The same name without a class, so that our own end lets anything through. */
const bare = (name: string) => synapse(name, {})
const bareStream = (name: string) => synapse(name, { stream: true })

/** Asks the miner of a test by one door. */
interface Caller {
  query(definition: SynapseDefinition, request: object, timeoutMs?: number): Promise<object>
  stream(definition: SynapseDefinition, request: object): AsyncIterable<object>
}

/** The same for all hotkeys. */
type CallerOf = (signer: Signer) => Caller

interface Case {
  readonly name: string
  readonly ask: (caller: Caller, of: CallerOf) => Promise<unknown>
  readonly gives: unknown
  /** What the miner's own observers are told; undefined when no call began. */
  readonly outcome?: CallEvent['outcome'] | undefined
}

const query = (
  name: string,
  definition: SynapseDefinition,
  request: object,
  gives: unknown,
  outcome?: Case['outcome'],
): Case => ({ name, gives, outcome, ask: (caller) => told(caller.query(definition, request)) })

/** Gives everything that was read; then the failure, when there was one. */
const stream = (
  name: string,
  definition: SynapseDefinition,
  request: object,
  gives: unknown,
  outcome?: Case['outcome'],
): Case => ({ name, gives, outcome, ask: (caller) => everything(caller.stream(definition, request)) })

/** Goes there and comes back. */
const comesBack = (name: string, data: object): Case => query(name, Same, data, data, 'answered')
const says = (peerMessage: string) => ({ code: 'PEER_ERROR', peerMessage })
const INVALID = says('invalid request format')
const FAILED = says('request processing failed')
const BAD_ANSWER = says('internal serialization error')
const STREAM_FAILED = says('stream processing failed')
const TASK = { text: 'a', n: 1 }

const CASES: readonly Case[] = [
  comesBack('text', { text: '' }),
  comesBack('text of any language', { text: 'Zürich, 東京, 👋🏽, "\\\u0000\u2028\n' }),
  comesBack('integers', { integer: Number.MAX_SAFE_INTEGER, list: [0, -1, Number.MIN_SAFE_INTEGER] }),
  comesBack('floats', { float: 1 / 3, list: [5e-324, 1.7976931348623157e308, 1e21, -0, 2 ** 53] }),
  comesBack('booleans and null', { flag: false, text: null, list: [true, null] }),
  comesBack('bigints', { large: 2n ** 64n - 1n }),
  comesBack('bytes', { bytes: Buffer.from(Array.from({ length: 256 }, (_, i) => i)) }),
  comesBack('lists of bytes', { parts: [Buffer.alloc(0), Buffer.from('a')] }),
  comesBack('dates', { date: new Date('2026-11-27T12:34:56.789Z') }),
  comesBack('lists in lists', { list: [[], [[1, ['x']]], { a: { b: [] } }] }),
  comesBack('classes in classes', {
    inner: { name: 'one', key: Buffer.from([1]) },
    inners: [{ name: 'two', key: Buffer.from([2, 3]) }],
  }),
  comesBack('nothing', {}),
  comesBack('a megabyte of text', { text: 'levin'.repeat(200_000) }),
  query('a map without a class', Any, { a: [1, 'b', { c: null }] }, { a: [1, 'b', { c: null }] }, 'answered'),

  query('a value of a wrong type', bare('Work'), { text: 'a', n: 'three' }, INVALID, 'invalid'),
  query('a value out of range', bare('Work'), { text: 'a', n: 101 }, INVALID, 'invalid'),
  query('a value that is missing', bare('Work'), { text: 'a' }, INVALID, 'invalid'),
  query('a property that is not declared', bare('Work'), { text: 'a', n: 1, more: 2 }, INVALID, 'invalid'),
  query(
    'a property that is dropped',
    synapse('Dropping', { response: Task, unknownProperties: 'drop' }),
    { ...TASK, more: 2 },
    TASK,
    'answered',
  ),
  query('a fault in a nested object', bare('Same'), { inners: [{ name: 1 }] }, INVALID, 'invalid'),

  query('a handler that throws', Work, { text: 'throws', n: 1 }, FAILED, 'failed'),
  query('an error with a code', Work, { text: 'code', n: 1 }, { ...FAILED, hasId: true }, 'failed'),
  query('a middleware that throws', Guarded, TASK, FAILED, 'failed'),
  query('a call that a middleware refuses', Refused, TASK, FAILED, 'refused'),
  query('an answer of another class', Work, { text: 'bad answer', n: 1 }, BAD_ANSWER, 'failed'),
  query('an answer that is none', Work, { text: 'no answer', n: 1 }, BAD_ANSWER, 'failed'),
  query(
    'an answer that our class does not allow',
    synapse('Any', { response: Task }),
    { text: 'a' },
    { code: 'INVALID_ANSWER' },
    'answered',
  ),
  query('a synapse that is not there', bare('Nope'), {}, says('unrecognized synapse type')),
  query('a handler that is too slow', Short, {}, says('handler timed out'), 'timedOut'),
  {
    name: 'a caller that does not wait',
    ask: (caller) => told(caller.query(bare('Stuck'), {}, 100)),
    gives: { code: 'TIMED_OUT' },
    outcome: 'aborted',
  },
  {
    name: 'a hotkey that is not admitted',
    ask: (_caller, of) => told(of(UNWANTED).query(Work, TASK)),
    gives: { code: 'HANDSHAKE_REFUSED' },
  },

  stream('a stream of objects', Lines, { text: 'lines', n: 3 }, [{ n: 0 }, { n: 1 }, { n: 2 }], 'answered'),
  stream(
    'a stream of objects with bytes',
    Lines,
    { text: 'bytes', n: 1 },
    [{ n: 0, bytes: Buffer.from([0, 255]) }],
    'answered',
  ),
  stream('a stream of bytes', Bytes, { text: 'bytes', n: 3 }, ['000102'], 'answered'),
  stream('a stream of nothing', Lines, { text: 'lines', n: 0 }, [], 'answered'),
  stream('a stream that fails at once', Lines, { text: 'fails', n: 0 }, [STREAM_FAILED], 'failed'),
  stream(
    'a stream that fails',
    Lines,
    { text: 'fails', n: 2 },
    [{ n: 0 }, { n: 1 }, STREAM_FAILED],
    'failed',
  ),
  stream('a chunk of another class', Lines, { text: 'bad chunk', n: 1 }, [{ n: 0 }, STREAM_FAILED], 'failed'),
  stream('a stream whose request is invalid', bareStream('Lines'), { n: 'x' }, [INVALID], 'invalid'),
  stream('a stream that is refused', RefusedLines, TASK, [STREAM_FAILED], 'refused'),
  stream('a stream that is too slow', ShortBytes, {}, ['00', says('handler timed out')], 'timedOut'),
  stream('a stream that is not there', bareStream('Nope'), {}, [says('unrecognized synapse type')]),
  {
    name: 'a stream that is left in the middle',
    async ask(caller) {
      for await (const line of caller.stream(Lines, { text: 'endless', n: 0 }))
        if ((line as Line).n === 2) break
      return 'left'
    },
    gives: 'left',
    outcome: 'aborted',
  },
  {
    name: 'calls that wait for a place run by their priority',
    async ask(caller) {
      const work = (n: number): Promise<unknown> => caller.query(bare('Queued'), { n })
      const first = work(0)
      await queue.isTaken
      const others = [3, 1, 2].map(work)
      await queue.areWaiting(3)
      queue.release()
      await Promise.all([first, ...others])
      return queue.begun
    },
    gives: [0, 3, 2, 1],
    outcome: 'answered',
  },
  {
    name: 'a handler knows who asks, and how',
    ask: (caller) => caller.query(bare('Who'), {}),
    gives: { caller: validatorSigner.hotkey, synapse: 'Who', host: '127.0.0.1' },
    outcome: 'answered',
  },
]

/** One place, which its first call holds until it is let go. */
const queue = {
  plugin: priority((call) => (decode(call.data.bytes) as { n: number }).n, {
    synapses: { Queued: { concurrency: 1, maxWaiting: 10 } },
  }),
  /** In the miner's order: answers of one turn may overtake each other on the way. */
  begun: [] as unknown[],
  isTaken: Promise.resolve(),
  take: () => {},
  release: () => {},
  held: Promise.resolve(),
  reset(): void {
    this.begun = []
    this.isTaken = new Promise((resolve) => {
      this.take = resolve
    })
    this.held = new Promise((resolve) => {
      this.release = resolve
    })
  },
  async areWaiting(calls: number): Promise<void> {
    while (this.plugin.stats().synapses.Queued!.waiting < calls) await sleep(1)
  },
}

/** A failure as what it tells. */
async function told(asking: Promise<unknown>): Promise<unknown> {
  try {
    return await asking
  } catch (thrown) {
    const { code, peerMessage, callId, message } = LevinError.from(thrown)
    expect(`${message} ${peerMessage}`).not.toContain(SECRET)
    return {
      code,
      ...(peerMessage !== undefined && { peerMessage }),
      ...(callId !== undefined && { hasId: true }),
    }
  }
}

const WORK: Readonly<Record<string, (task: Task) => object>> = {
  throws() {
    throw new Error(SECRET)
  },
  code() {
    throw new LevinError('LIMIT', SECRET)
  },
  'bad answer': () => ({ text: 1, n: SECRET }),
  'no answer': () => null as never,
}

const same = (task: Task): Task => task

async function* lines({ text, n }: Task, { signal }: Call): AsyncIterable<Line> {
  for (let i = 0; i < n || text === 'endless'; i++) {
    yield text === 'bytes' ? { n: i, bytes: Buffer.from([0, 255]) } : { n: i }
    if (text === 'endless') await sleep(1, undefined, { signal })
  }
  if (text === 'fails') throw new Error(SECRET)
  if (text === 'bad chunk') yield { n: SECRET } as never
}

function newMiner(): Miner {
  return new Miner({
    signer: minerSigner,
    access: denylist([UNWANTED.hotkey]),
    logger: silentLogger,
    drainMs: 0,
  })
    .use((call, next) => {
      if (call.synapse === Guarded.name) throw new Error(SECRET)
      if (call.synapse.startsWith(Refused.name)) throw refuse(SECRET)
      return next()
    })
    .use(queue.plugin)
    .synapse(Same, (data) => data)
    .synapse(Any, (data) => data)
    .synapse(Work, (task) => (WORK[task.text] ?? same)(task) as Task)
    .synapse(Dropping, same)
    .synapse(Guarded, same)
    .synapse(Refused, same)
    .synapse(RefusedLines, lines)
    .synapse(Short, (_data, { signal }) => sleep(60_000, {}, { signal }))
    .synapse(bare('Stuck'), (_data, { signal }) => sleep(60_000, {}, { signal }))
    .synapse(Lines, lines)
    .synapse(Bytes, async function* ({ n }) {
      for (let i = 0; i < n; i++) yield Buffer.from([i])
    })
    .synapse(ShortBytes, async function* (_data, { signal }) {
      yield Buffer.from([0])
      await sleep(60_000, undefined, { signal })
    })
    .synapse(bare('Queued'), async ({ n }) => {
      queue.begun.push(n)
      if (n === 0) queue.take()
      await queue.held
      return {}
    })
    .synapse(bare('Who'), (_data, { caller, synapse, remote }) => ({ caller, synapse, host: remote.host }))
}

async function everything(chunks: AsyncIterable<object>): Promise<unknown[]> {
  const read: object[] = []
  const all = async (): Promise<undefined> => {
    for await (const chunk of chunks) read.push(chunk)
  }
  const failure = await told(all())
  // HTTP has no bounds between chunks of bytes: all of them are one text in hex.
  const bytes = read.filter((chunk) => chunk instanceof Uint8Array)
  const joined = bytes.length === 0 ? read : [Buffer.concat(bytes).toString('hex')]
  return failure === undefined ? joined : [...joined, failure]
}

function callerOf(validator: Validator, axon: Axon): Caller {
  return {
    query: async (definition, request, timeoutMs) => {
      const options = timeoutMs === undefined ? {} : { timeoutMs }
      return (await validator.query(axon, definition as never, request as never, options)).data
    },
    stream: (definition, request) => validator.stream(axon, definition as never, request as never),
  }
}

interface Failure {
  readonly code: string
  readonly peerMessage?: string
  /** It can be asked about. */
  readonly hasId?: true
}

const isFailure = (value: unknown): value is Failure =>
  typeof value === 'object' && value !== null && 'code' in value

/** What comes of it through a door: all of it by QUIC. */
function through(door: Door, { gives, outcome }: Case): unknown {
  if (door === 'quic') return gives
  if (!Array.isArray(gives)) return isFailure(gives) ? failureThrough(door, gives, outcome) : gives
  const last: unknown = gives.at(-1)
  if (!isFailure(last)) return gives
  // HTTP has no other way to say after the first chunk that it failed than to end before the end.
  const failure = gives.length > 1 ? { code: 'CONNECTION_LOST' } : failureThrough(door, last, outcome)
  return [...gives.slice(0, -1), failure]
}

const withoutNulls = (value: unknown): unknown =>
  typeof value !== 'object' || value === null || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null))

/**
 * By HTTP a failure is one of a few statuses: those of a dendrite tell no refusal of a middleware from one of the access rules,
 * and come with an axon's words and without ids.
 */
function failureThrough(door: Door, failure: Failure, outcome: Case['outcome']): Failure {
  const isRefused = failure.code === 'HANDSHAKE_REFUSED' || (outcome === 'refused' && door === 'bittensor10')
  const words = { peerMessage: expect.any(String) as string }
  if (isRefused) return { code: 'HANDSHAKE_REFUSED', ...words }
  if (failure.peerMessage === undefined) return failure
  if (door === 'bittensor10') return { code: failure.code, ...words }
  return failure.peerMessage === STREAM_FAILED.peerMessage ? FAILED : failure
}

describe.each(DOORS)('by the door %s', (door) => {
  let miner: Miner
  const validators = new Map<Signer, Validator>()
  let axon: Axon
  const events: CallEvent[] = []

  beforeAll(async () => {
    miner = newMiner()
    miner.on('call', (event) => events.push(event))
    const { port } = await miner.listen({ host: '127.0.0.1', port: 0, http: true })
    axon = { hotkey: minerSigner.hotkey, host: '127.0.0.1', port, door }
    for (const signer of [validatorSigner, UNWANTED])
      validators.set(signer, new Validator({ signer, logger: silentLogger }))
  })
  afterAll(async () => {
    for (const validator of validators.values()) validator.close()
    await miner.close()
  })

  const of: CallerOf = (signer) => callerOf(validators.get(signer)!, axon)

  test.each(CASES)('$name', async (tried) => {
    const { ask, outcome } = tried
    events.length = 0
    queue.reset()
    const given = await ask(of(validatorSigner), of)
    // A field of a synapse that nobody filled in is null there.
    const own = door === 'bittensor10' ? withoutNulls : (value: unknown) => value
    expect(own(given)).toEqual(own(through(door, tried)))
    if (outcome !== undefined) {
      await until(() => events.length > 0)
      expect(events[0]).toMatchObject({ outcome, caller: validatorSigner.hotkey })
    } else expect(events).toEqual([])
  })
})
