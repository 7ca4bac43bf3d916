/**
 * What authors of miners and validators do wrong most often, and what they read then. Each message says what happened,
 * where, and how to mend it: the three columns of the table.
 */
import 'reflect-metadata'
import { IsInt, IsString, registerDecorator, ValidateNested } from 'class-validator'
import { injectable } from 'tsyringe'
import { describe, expect, test } from 'vitest'
import {
  allowlist,
  callbackSigner,
  concurrency,
  inMemoryMetagraph,
  LevinError,
  Miner,
  type MinerOptions,
  minStake,
  open,
  Synapse,
  seedSigner,
  silentLogger,
  synapse,
  Validator,
  walletSigner,
} from '../src/index.js'
import { subtensor } from '../src/subtensor/index.js'
import { testKey, testMiner } from '../src/testing/index.js'

const signer = testKey('alice')
const axon = { hotkey: signer.hotkey, host: '127.0.0.1', port: 8091 }
const options = { signer, access: open(), logger: silentLogger }

class Query {
  @IsString() city!: string
  @IsInt() days!: number
}
class Answer {
  @IsInt() count!: number
}
const Ask = synapse('Ask', { request: Query, response: Answer })
const Flow = synapse('Flow', { request: Query, stream: true })
const query: Query = { city: 'Oslo', days: 1 }
const answer = (): Answer => ({ count: 1 })

/** What does not compile is written in JavaScript, or given from where nobody looked. */
const untyped = (given: unknown): never => given as never
const asking = () => new Miner(options).synapse(Ask, answer)
const listening = (build: (given: MinerOptions) => Miner) =>
  testMiner((given) => build({ ...given, access: open() }))
const validator = () => new Validator({ signer, logger: silentLogger })

/** One call in memory. @returns what its handler, or what is around it, failed of, and with `validator` what its caller reads */
async function call(
  build: (miner: Miner) => Miner,
  ask: typeof Ask | typeof Flow | ReturnType<typeof synapse> = Ask,
  { from = 'miner', how = 'query', request = query as object } = {},
): Promise<never> {
  await using miner = await listening((given) => build(new Miner(given)))
  const bob = await miner.as('bob')
  try {
    if (how === 'query') await bob.query(untyped(ask), untyped(request))
    else for await (const _ of bob.stream(untyped(ask), untyped(request)));
  } catch (error) {
    throw from === 'miner' ? (error as Error).cause : error
  }
  throw new Error('nothing was wrong')
}

class Bare {
  city!: string
}
class Inner {
  @IsString() name!: string
}
class Outer {
  @ValidateNested() inner!: Inner
}
class Slow {
  city!: string
}
registerDecorator({
  name: 'isKnown',
  target: Slow,
  propertyName: 'city',
  async: true,
  validator: { validate: async () => true },
} as Parameters<typeof registerDecorator>[0])

class NotInjectable {
  constructor(readonly size: number) {}
}
@injectable()
class Needy {
  constructor(readonly part: NotInjectable) {}
  @Synapse(Ask) ask(_: Query): Answer {
    return answer()
  }
}
class Handlers {
  @Synapse(Ask) ask(_: Query): Answer {
    return answer()
  }
}

interface Mistake {
  readonly run: () => unknown
  readonly what: string
  readonly where: string
  readonly mend: string
}

const mistakes: Record<string, Mistake> = {
  'a miner without a key': {
    run: () => new Miner(untyped({ access: open() })),
    where: 'new Miner',
    what: 'signer is missing',
    mend: 'make one with seedSigner',
  },
  'a miner that does not say who may come in': {
    run: () => new Miner(untyped({ signer })),
    where: 'new Miner',
    what: 'access is missing',
    mend: 'access: allowlist([hotkey, ...])',
  },
  'a misspelt option': {
    run: () => new Miner(untyped({ ...options, maxValidator: 3 })),
    where: 'new Miner',
    what: "there is no option 'maxValidator'",
    mend: 'maxValidators',
  },
  'a number from the environment, as text': {
    run: () => new Miner(untyped({ ...options, handlerTimeoutMs: '30000' })),
    where: 'new Miner: handlerTimeoutMs',
    what: "is '30000'",
    mend: 'it is an integer from 1 to',
  },
  'an engine that there is not': {
    run: () => new Miner(untyped({ ...options, engine: 'quin' })),
    where: 'engine',
    what: "is 'quin'",
    mend: 'one of auto, quinn, quiche',
  },
  'access: true': {
    run: () => new Miner(untyped({ signer, access: true })),
    where: 'access policy',
    what: 'true is no access policy',
    mend: 'it is allowlist([hotkey, ...])',
  },
  'a rule that was not called': {
    run: async () => {
      await using miner = await testMiner((given) =>
        new Miner({ ...given, access: untyped(open) }).synapse(Ask, answer),
      )
      await miner.as('bob').catch((error: LevinError) => {
        throw error.cause
      })
    },
    where: 'open gave',
    what: 'and not true or false',
    mend: 'write open() if it makes a rule',
  },
  'one hotkey where a list belongs': {
    run: () => allowlist(untyped(signer.hotkey)),
    where: 'allowlist',
    what: 'takes a list of hotkeys',
    mend: 'write allowlist([hotkey])',
  },
  'the name of a key for its address': {
    run: () => allowlist(['alice']),
    where: 'allowlist',
    what: "'alice' is not a hotkey",
    mend: 'give its SS58 address',
  },
  'a rule about stakes without a source': {
    run: () => minStake(1000, untyped(undefined)),
    where: 'minStake',
    what: 'the source is missing',
    mend: "metagraphFile('metagraph.json')",
  },
  'a stake in RAO': {
    run: () => inMemoryMetagraph([{ hotkey: signer.hotkey, uid: 1, stake: 1e12, validatorPermit: true }]),
    where: 'entry 0: stake',
    what: 'is it in RAO',
    mend: 'divide by 1e9',
  },
  'words where a seed belongs': {
    run: () => seedSigner('bottom drive obey lake'),
    where: 'seed',
    what: 'a seed is 32 bytes',
    mend: 'words are for mnemonicSigner',
  },
  'a signer of another key': {
    run: () => callbackSigner(signer.hotkey, async () => new Uint8Array(64)).sign(new Uint8Array(3)),
    where: signer.hotkey,
    what: "is not this hotkey's",
    mend: 'sign the bytes as they are',
  },
  'a wallet that there is not': {
    run: () => walletSigner({ name: 'nobody', path: '/nowhere' }),
    where: '/nowhere/nobody/hotkeys/default',
    what: 'there is no key file',
    mend: "look at the wallet's name and path",
  },
  'an instance where the class belongs': {
    run: () => new Miner(options).register(untyped(new Handlers())),
    where: 'register',
    what: 'not an instance',
    mend: 'register(Handlers)',
  },
  'a class without handlers': {
    run: () => new Miner(options).register(Bare),
    where: 'Bare',
    what: 'has no method',
    mend: "@Synapse('Name', { ... })",
  },
  'a synapse that is answered twice': {
    run: () => asking().register(Handlers),
    where: "miner.synapse('Ask') and by Handlers.ask",
    what: 'is answered twice',
    mend: 'rename one',
  },
  'a miner that answers nothing': {
    run: () => new Miner(options).listen(),
    where: 'this miner',
    what: 'answers nothing',
    mend: 'register(AClass) or synapse(...) before listen()',
  },
  localhost: {
    run: () => asking().listen({ host: 'localhost' }),
    where: 'host is',
    what: "'localhost'",
    mend: "'127.0.0.1' for tests",
  },
  'a port from the environment, as text': {
    run: () => asking().listen({ port: untyped('8091') }),
    where: 'port is',
    what: "'8091'",
    mend: 'it is an integer',
  },
  'a port that is taken': {
    run: async () => {
      const first = asking()
      const address = await first.listen({ host: '127.0.0.1', port: 0 })
      await asking()
        .listen(address)
        .finally(() => first.close())
    },
    where: '127.0.0.1 port',
    what: 'the port is taken',
    mend: 'choose another port',
  },
  'use() after listen()': {
    run: async () => {
      await using miner = await listening((given) => new Miner(given).synapse(Ask, answer))
      miner.miner.use((_, next) => next())
    },
    where: 'use()',
    what: 'came too late',
    mend: 'call it before listen()',
  },
  'a middleware that was called': {
    run: () => asking().use(untyped(Promise.resolve())),
    where: 'use()',
    what: 'takes one function',
    mend: 'was one called that should be passed',
  },
  'a middleware that does not return': {
    run: () =>
      call((miner) =>
        miner
          .use(
            untyped(async function timing(_: unknown, next: () => Promise<object>) {
              await next()
            }),
          )
          .synapse(Ask, answer),
      ),
    where: "middleware 'timing'",
    what: 'returned nothing',
    mend: 'write return next()',
  },
  'a middleware that goes on twice': {
    run: () =>
      call((miner) =>
        miner
          .use(async function again(_, next) {
            await next()
            return next()
          })
          .synapse(Ask, answer),
      ),
    where: "middleware 'again'",
    what: 'called next() twice',
    mend: 'keep what it gave the first time',
  },
  'a plugin that names a misspelt synapse': {
    run: () => listening((given) => new Miner(given).use(concurrency({ Aks: 1 })).synapse(Ask, answer)),
    where: 'concurrency',
    what: "names the synapse 'Aks'",
    mend: 'it answers Ask',
  },
  'a request class without decorators': {
    run: () => listening((given) => new Miner(given).synapse('Bare', { request: Bare }, () => ({}))),
    where: "request of synapse 'Bare': Bare",
    what: 'has no property with a decorator',
    mend: 'decorate its properties',
  },
  'a check that waits': {
    run: () => listening((given) => new Miner(given).synapse('Slow', { request: Slow }, () => ({}))),
    where: 'Slow.city',
    what: 'is asynchronous',
    mend: 'do it in the handler or in a middleware',
  },
  'a nested class without its type': {
    run: () =>
      call(
        (miner) => miner.synapse('Nested', { request: Outer }, () => ({})),
        synapse('Nested', { request: Outer }),
        {
          from: 'validator',
          request: { inner: { name: 'a' } },
        },
      ),
    where: "synapse 'Nested'",
    what: 'inner must be an instance of its class',
    mend: '@Type(() => TheClass)',
  },
  'a class that is not there yet': {
    run: () => synapse('Ask', untyped({ request: undefined })),
    where: "synapse 'Ask': request",
    what: 'is undefined',
    mend: 'is it imported as a type only, or by two files from each other',
  },
  'an answer and a stream': {
    run: () => synapse('Ask', untyped({ response: Answer, stream: true })),
    where: "synapse 'Ask'",
    what: 'not both',
    mend: 'leave one out',
  },
  'a handler of an interface': {
    run: () => {
      const decorate = Synapse('Ask') as unknown as (
        prototype: object,
        method: string,
        descriptor: object,
      ) => void
      class Loose {}
      Reflect.defineMetadata('design:paramtypes', [Object], Loose.prototype, 'ask')
      decorate(Loose.prototype, 'ask', {})
    },
    where: 'Loose.ask',
    what: "does not know the request's class",
    mend: "name it (@Synapse('Ask', { request: YourQuery }))",
  },
  'a service that cannot be injected': {
    run: () => listening((given) => new Miner(given).register(Needy)),
    where: 'Needy cannot be made',
    what: 'Cannot inject the dependency "part"',
    mend: '@injectable()',
  },
  'a handler without a return': {
    run: () =>
      call((miner) =>
        miner.synapse(
          Ask,
          untyped(() => {}),
        ),
      ),
    where: 'the handler',
    what: 'returned nothing',
    mend: 'is a return missing',
  },
  'an answer of another shape': {
    run: () =>
      call((miner) =>
        miner.synapse(
          Ask,
          untyped(() => ({ count: 'one' })),
        ),
      ),
    where: "answer of synapse 'Ask'",
    what: 'count',
    mend: 'must be an integer number',
  },
  'a stream of texts': {
    run: () =>
      call(
        (miner) =>
          miner.synapse(
            Flow,
            untyped(() => ['text']),
          ),
        Flow,
        { how: 'stream' },
      ),
    where: 'a stream of bytes',
    what: 'not string',
    mend: 'yields Uint8Array',
  },
  'a request that lacks something': {
    run: () =>
      call((miner) => miner.synapse(Ask, answer), Ask, { from: 'validator', request: { city: 'Oslo' } }),
    where: "synapse 'Ask'",
    what: 'days',
    mend: 'must be an integer number',
  },
  'query() of a stream': {
    run: () =>
      call(
        (miner) =>
          miner.synapse(
            Flow,
            untyped(() => [Buffer.from('a')]),
          ),
        Flow,
        { from: 'validator' },
      ),
    where: "synapse 'Flow'",
    what: 'answers with a stream',
    mend: 'use stream() for this synapse',
  },
  'stream() of what answers once': {
    run: () => call((miner) => miner.synapse(Ask, answer), Ask, { from: 'validator', how: 'stream' }),
    where: "synapse 'Ask'",
    what: 'answers once',
    mend: 'use query() for this synapse',
  },
  'a name where the definition belongs': {
    run: () => validator().query(axon, untyped('Ask'), untyped({})),
    where: 'the synapse',
    what: "is 'Ask'",
    mend: 'synapse(name, { ... }) makes',
  },
  'an axon as the Python SDK has it': {
    run: () => validator().query(untyped({ hotkey: signer.hotkey, ip: '127.0.0.1', port: 1 }), Ask, query),
    where: "the axon's host",
    what: 'is undefined',
    mend: 'it is an IP address',
  },
  'a timeout under another name': {
    run: () => validator().query(axon, Ask, query, untyped({ timeout: 12 })),
    where: 'the options of the call',
    what: "there is no option 'timeout'",
    mend: 'timeoutMs',
  },
  'a call after close()': {
    run: () => {
      const closed = validator()
      closed.close()
      return closed.query(axon, Ask, query)
    },
    where: 'the call',
    what: 'came after close()',
    mend: 'make a new Validator',
  },
  'a hotkey that is listed twice': {
    run: () => validator().setMiners([axon, { ...axon, port: 8092 }]),
    where: `setMiners: miner ${signer.hotkey}`,
    what: 'is listed at two addresses',
    mend: 'give each hotkey once',
  },
  'a network that there is not': {
    run: () => subtensor(untyped({ network: 'finny', netuid: 2 })),
    where: 'subtensor: network',
    what: "is 'finny'",
    mend: 'one of finney, test, local',
  },
  'no subnet': {
    run: () => subtensor(untyped({ network: 'finney' })),
    where: 'subtensor: netuid',
    what: 'is undefined',
    mend: 'an integer from 0 to',
  },
}

describe('what happened, where, and how to mend it:', () => {
  test.each(Object.entries(mistakes))('%s', async (_, { run, what, where, mend }) => {
    const error = await Promise.resolve()
      .then(run)
      .then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
    expect(error).toBeInstanceOf(Error)
    const { message } = error as Error
    for (const words of [what, where, mend]) expect(message).toContain(words)
  })
})
