/**
 * Whether a test in memory can pass where production fails: an author's test, run against miners that are wrong in one
 * way each, in memory and over a socket. It must fail, and in the same words.
 */
import { IsInt, IsString, Max } from 'class-validator'
import { injectable } from 'tsyringe'
import { afterEach, expect, test } from 'vitest'
import {
  type AccessPolicy,
  allowlist,
  LevinError,
  type MetagraphSource,
  Miner,
  type MinerOptions,
  minStake,
  refuse,
  Synapse,
  silentLogger,
  synapse,
  Validator,
  validatorPermit,
} from '../../src/index.js'
import { testKey, testMetagraph, testMiner } from '../../src/testing/index.js'
import { accessOf, Forecast, ForecastAnswer, ForecastMiner, ForecastQuery } from './weather.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface Wrong {
  readonly access?: (metagraph: MetagraphSource) => AccessPolicy
  readonly build?: (options: MinerOptions) => Pick<Miner, 'hotkey' | 'listen' | 'close' | 'on'>
  /** What the author's test says of it, in memory and over a socket. */
  readonly says: { code: string; peerMessage?: string; message?: unknown }
}

@injectable()
class Throwing {
  @Synapse(Forecast)
  forecast(_query: ForecastQuery): ForecastAnswer {
    throw new Error('no model')
  }
}

@injectable()
class WrongAnswer {
  @Synapse(Forecast)
  forecast(_query: ForecastQuery): ForecastAnswer {
    return { celsius: ['cold'] as unknown as number[] }
  }
}

class ShortQuery {
  @IsString() city!: string
  @IsInt() @Max(1) days!: number
}

@injectable()
class Narrower {
  @Synapse('Forecast', { request: ShortQuery, response: ForecastAnswer })
  forecast(_query: ShortQuery): ForecastAnswer {
    return { celsius: [] }
  }
}

@injectable()
class OtherAnswer {
  @Synapse('Forecast', { request: ForecastQuery })
  forecast(_query: ForecastQuery): { fahrenheit: number } {
    return { fahrenheit: 70 }
  }
}

@injectable()
class Needs {
  constructor(readonly city: string) {}
  @Synapse(Forecast)
  forecast(_query: ForecastQuery): ForecastAnswer {
    return { celsius: [] }
  }
}

const miner = (options: MinerOptions) => new Miner(options).register(ForecastMiner)

const WRONG: Readonly<Record<string, Wrong>> = {
  'access asks for more stake': {
    access: (metagraph) => minStake(1001, metagraph),
    says: { code: 'HANDSHAKE_REFUSED' },
  },
  'access asks for a permit': { access: validatorPermit, says: { code: 'HANDSHAKE_REFUSED' } },
  'access names nobody': { access: () => allowlist([]), says: { code: 'HANDSHAKE_REFUSED' } },
  'the handler throws': {
    build: (options) => new Miner(options).register(Throwing),
    says: { code: 'PEER_ERROR', peerMessage: 'request processing failed' },
  },
  'the answer is not what its class declares': {
    build: (options) => new Miner(options).register(WrongAnswer),
    says: { code: 'PEER_ERROR', peerMessage: 'internal serialization error' },
  },
  "the miner's request class allows less": {
    build: (options) => new Miner(options).register(Narrower),
    says: { code: 'PEER_ERROR', peerMessage: 'invalid request format' },
  },
  "the miner's answer is not what the validator's class declares": {
    build: (options) => new Miner(options).register(OtherAnswer),
    says: { code: 'INVALID_ANSWER' },
  },
  'the handler has another name': {
    build: (options) => new Miner(options).synapse(synapse('forecast', {}), () => ({})),
    says: { code: 'PEER_ERROR', peerMessage: 'unrecognized synapse type' },
  },
  'a middleware refuses': {
    build: (options) =>
      miner(options).use(async () => {
        throw refuse('not today')
      }),
    says: { code: 'PEER_ERROR', peerMessage: 'request processing failed' },
  },
  'a service cannot be made': {
    build: (options) => new Miner(options).register(Needs),
    says: { code: 'CONFIG', message: expect.stringContaining('Needs cannot be made') },
  },
}

/** The validator's part of the author's test. */
interface Asker {
  query: (synapse: typeof Forecast, request: ForecastQuery) => Promise<{ data: ForecastAnswer }>
}
const OSLO = { city: 'Oslo', days: 2 }
const authorsTest = async (alice: Asker) =>
  expect((await alice.query(Forecast, OSLO)).data).toEqual({ celsius: [28, 1] })

const inMemory = async ({ access = accessOf, build = miner }: Partial<Wrong>) => {
  const made = await testMiner((options, metagraph) => build({ ...options, access: access(metagraph) }))
  closing.push(() => made.close())
  await authorsTest(await made.as('alice', { stake: 1000 }))
}

const overSocket = async ({ access = accessOf, build = miner }: Partial<Wrong>) => {
  const metagraph = testMetagraph()
  metagraph.put('alice', { stake: 1000 })
  const signer = testKey('miner')
  const made = build({ signer, access: access(metagraph), logger: silentLogger })
  closing.push(() => made.close())
  const { port } = await made.listen({ host: '127.0.0.1', port: 0 })
  const validator = new Validator({ signer: testKey('alice'), logger: silentLogger })
  closing.push(() => validator.close())
  await authorsTest(await validator.connect({ hotkey: signer.hotkey, host: '127.0.0.1', port }))
}

test.each([
  ['in memory', inMemory],
  ['over a socket', overSocket],
])("the author's test passes %s when nothing is wrong", (_, run) => run({}))

test.each(Object.entries(WRONG))('it fails when %s, in memory as over a socket', async (_, wrong) => {
  const said = (run: typeof inMemory) =>
    run(wrong).then(
      () => new LevinError('INTERNAL', 'the test passed'),
      (error: LevinError) => error,
    )
  const [memory, socket] = [await said(inMemory), await said(overSocket)]
  expect(memory).toMatchObject(wrong.says)
  expect([memory.code, memory.message, memory.peerMessage]).toEqual([
    socket.code,
    socket.message,
    socket.peerMessage,
  ])
})
