import { IsInt } from 'class-validator'
import { container, injectable } from 'tsyringe'
import { afterEach, describe, expect, test } from 'vitest'
import { seedSigner } from '../../src/auth/signer.js'
import {
  type Axon,
  allowlist,
  type Call,
  type Middleware,
  Miner,
  type MinerOptions,
  OnStart,
  OnStop,
  open,
  Synapse,
  type SynapseData,
  synapse,
  Validator,
} from '../../src/index.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { turn, until } from '../support/frames.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'

class Numbered {
  @IsInt() n!: number
}

const Echo = synapse('echo', {})
const Double = synapse('double', { request: Numbered, response: Numbered })

@injectable()
class Doubler {
  readonly seen: number[] = []

  @Synapse(Double)
  double({ n }: Numbered): Numbered {
    this.seen.push(n)
    return { n: 2 * n }
  }
}

const config = (mention: string | RegExp) =>
  expect.objectContaining({ name: 'LevinError', code: 'CONFIG', message: expect.stringMatching(mention) })

const log = new RecordingLogger()
const miners: Miner[] = []
const validators: Validator[] = []

function created(options: Partial<MinerOptions> = {}): Miner {
  const miner = new Miner({ signer: minerSigner, access: open(), logger: log, ...options })
  miners.push(miner)
  return miner
}

async function axonOf(miner: Miner, host = '127.0.0.1'): Promise<Axon> {
  const address = await miner.listen({ host, port: 0 })
  return { hotkey: miner.hotkey, ...address }
}

async function connect(axon: Axon) {
  const validator = new Validator({ signer: validatorSigner, logger: log })
  validators.push(validator)
  return validator.connect(axon)
}

afterEach(async () => {
  for (const validator of validators.splice(0)) validator.close()
  await Promise.all(miners.splice(0).map((miner) => miner.close()))
  log.lines.length = 0
})

describe('register', () => {
  test('a class without handlers', () => {
    class Nothing {}
    expect(() => created().register(Nothing)).toThrow(config(/^Nothing .*@Synapse/))
  })

  test.each([
    ['an instance', new Doubler(), 'not an instance: register(Doubler)'],
    ['nothing', undefined, 'not undefined'],
    ['an object', { double: 1 }, 'not { double: 1 }'],
    ['a function', () => Doubler, 'not [Function'],
  ])('%s in place of a class', (_, given, text) => {
    expect(() => created().register(given as never)).toThrow(config('register takes the class'))
    expect(() => created().register(given as never)).toThrow(text)
  })

  test('two answers to one name are both named', () => {
    class Other {
      @Synapse(Double)
      twice(given: Numbered): Numbered {
        return given
      }
    }
    const miner = created().register(Doubler)
    expect(() => miner.register(Other)).toThrow(config(/'double'.*Doubler\.double.*Other\.twice/))
    expect(() => miner.register(Doubler)).toThrow(config('double'))
    expect(() => miner.synapse('double', {}, () => ({}))).toThrow(config(/miner\.synapse\('double'\)/))
  })

  test('a twin that is no function', () => {
    expect(() => created().synapse(Echo, undefined as never)).toThrow(config('echo'))
    expect(() => created().synapse('echo', {}, {} as never)).toThrow(config('echo'))
  })

  test('middleware that is no function', () => {
    expect(() => created().use(Promise.resolve() as never)).toThrow(config('use'))
  })

  test('the miner has the hotkey of its signer', () => expect(created().hotkey).toBe(minerSigner.hotkey))
})

describe('on', () => {
  test.each(['calls', 'toString', undefined])('%s happens never', (kind) => {
    const text = `there is no event '${kind}'; there are handshake, connection, call, blocked`
    expect(() => created().on(kind as never, () => {})).toThrow(config(text))
  })

  test('a listener that is no function', () => {
    expect(() => created().on('call', undefined as never)).toThrow(config("listener for 'call'"))
  })
})

describe('listen', () => {
  test.each([
    [9999, 'the options are 9999'],
    [null, 'the options are null'],
    [{ hostname: '127.0.0.1' }, "no option 'hostname'; there are host, port"],
  ])('on %j: refused, and not on every address', async (address, text) => {
    const miner = created().synapse(Echo, (data) => data)
    await expect(miner.listen(address as object)).rejects.toThrow(config(text))
    await axonOf(miner)
  })

  test('answers classes and functions, through the middleware', async () => {
    const seen: string[] = []
    const audit: Middleware = (call, next) => {
      seen.push(`${call.caller} ${call.synapse}`)
      return next()
    }
    const miner = created()
      .use(audit)
      .register(Doubler)
      .synapse('echo', {}, (data) => data)
    const connection = await connect(await axonOf(miner))
    expect((await connection.query(Double, { n: 21 })).data).toEqual(Object.assign(new Numbered(), { n: 42 }))
    expect((await connection.query(Echo, { a: 'b' })).data).toEqual({ a: 'b' })
    expect(seen).toEqual([`${validatorSigner.hotkey} double`, `${validatorSigner.hotkey} echo`])
  })

  test('with nothing to answer', async () => {
    await expect(created().listen({ port: 0 })).rejects.toThrow(config(/register.*synapse/))
  })

  test('fixes everything', async () => {
    const miner = created().synapse(Echo, (data) => data)
    await axonOf(miner)
    expect(() => miner.use((_call, next) => next())).toThrow(config('use'))
    expect(() => miner.register(Doubler)).toThrow(config('register'))
    expect(() => miner.synapse('other', {}, () => ({}))).toThrow(config('synapse'))
    await expect(miner.listen()).rejects.toThrow(config('listen'))
  })

  test('on a port that is taken, and then on another', async () => {
    const { port } = await axonOf(created().synapse(Echo, (data) => data))
    const miner = created().synapse(Echo, (data) => data)
    await expect(miner.listen({ host: '127.0.0.1', port })).rejects.toThrow(config('another port'))
    const connection = await connect(await axonOf(miner))
    expect((await connection.query(Echo, { a: 1 })).data).toEqual({ a: 1 })
  })

  test.each([
    { host: 'no.such.name.invalid', port: 0 },
    { host: '192.0.2.1', port: 0 },
    { host: '127.0.0.1', port: 65_536 },
    { host: '127.0.0.1', port: -1 },
  ])('on %j: an error that says whose fault it is', async (address) => {
    const miner = created().synapse(Echo, (data) => data)
    await expect(miner.listen(address)).rejects.toMatchObject({ name: 'LevinError', code: 'CONFIG' })
  })

  test('says so in the log, and warns of open()', async () => {
    const axon = await axonOf(created().synapse(Echo, (data) => data))
    expect(log.at('warn')).toHaveLength(1)
    expect(log.at('info')).toMatchObject([
      { fields: { hotkey: axon.hotkey, host: axon.host, port: axon.port, synapses: ['echo'] } },
    ])
    log.lines.length = 0
    await axonOf(created({ access: allowlist([]) }).synapse(Echo, (data) => data))
    expect(log.at('warn')).toEqual([])
  })

  test('makes a class once, and disposes of it once, even when the first port was taken', async () => {
    const made: object[] = []
    const disposed: object[] = []
    @injectable()
    class Resource {
      constructor() {
        made.push(this)
      }
      @Synapse(Echo)
      echo(data: object, _call: Call) {
        return data as never
      }
      dispose() {
        disposed.push(this)
      }
    }
    const { port } = await axonOf(created().synapse(Echo, (data) => data))
    const miner = created().register(Resource)
    await expect(miner.listen({ host: '127.0.0.1', port })).rejects.toThrow(config('another port'))
    await axonOf(miner)
    await miner.close()
    expect(disposed).toEqual(made)
  })

  test('two miners of one process do not share what they are made of', async () => {
    const seen = new Set<Doubler>()
    @injectable()
    class Watched extends Doubler {
      override double(given: Numbered): Numbered {
        seen.add(this)
        return super.double(given)
      }
    }
    const own = container.createChildContainer()
    const both = [
      created({ container: own }),
      created({ container: own, signer: seedSigner(Buffer.alloc(32, 9)) }),
    ]
    for (const [i, miner] of both.entries()) {
      const connection = await connect(await axonOf(miner.register(Watched)))
      expect((await connection.query(Double, { n: i })).data.n).toBe(2 * i)
    }
    expect([...seen].map((doubler) => doubler.seen)).toEqual([[0], [1]])
  })
})

/** A middleware whose start waits to be let go. */
function holding() {
  const seen: string[] = []
  let go!: () => void
  const held = new Promise<void>((resolve) => (go = resolve))
  const hold: Middleware = (_call, next) => next()
  const hooks = { onStart: () => held, onStop: () => void seen.push('stopped') }
  return { hold: Object.assign(hold, hooks), go: () => go(), seen }
}

describe('close', () => {
  test('before listen, twice, and for good', async () => {
    const miner = created().synapse(Echo, (data) => data)
    expect(miner.close()).toBe(miner.close())
    await miner.close()
    await expect(miner.listen({ port: 0 })).rejects.toThrow(config('closed'))
    expect(() => miner.use((_call, next) => next())).toThrow(config('closed'))
  })

  test('waits for a running call, whose answer arrives; then the validator is told', async () => {
    let proceed: (() => void) | undefined
    const miner = created().synapse(Echo, async (data) => {
      await new Promise<void>((resolve) => (proceed = resolve))
      return data
    })
    const connection = await connect(await axonOf(miner))
    const answer = connection.query(Echo, { a: 1 })
    await until(() => proceed !== undefined)
    const closed = miner.close()
    const refused = connection.query(Echo, { a: 2 })
    await expect(refused).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    expect(connection.isOpen).toBe(true)
    proceed!()
    expect((await answer).data).toEqual({ a: 1 })
    await closed
    await until(() => !connection.isOpen)
    await expect(connection.query(Echo, {})).rejects.toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('server_shutdown'),
    })
  })

  test('aborts what does not finish within drainMs', async () => {
    let call: Call | undefined
    const miner = created({ drainMs: 0 }).synapse(Echo, (_data, given) => {
      call = given
      return new Promise(() => {})
    })
    const connection = await connect(await axonOf(miner))
    const answer = connection.query(Echo, {})
    const lost = expect(answer).rejects.toMatchObject({ code: 'CONNECTION_LOST' })
    await until(() => call !== undefined)
    await miner.close()
    expect(call!.signal.aborted).toBe(true)
    await lost
  })

  test('frees the port', async () => {
    const first = created().synapse(Echo, (data) => data)
    const { port } = await axonOf(first)
    await first.close()
    const second = created().synapse(Echo, (data) => data)
    expect(await second.listen({ host: '127.0.0.1', port })).toMatchObject({ port })
  })

  test('while listen is under way: it fails when all is closed, and nothing stays open', async () => {
    const { hold, go, seen } = holding()
    const miner = created()
      .use(hold)
      .synapse(Echo, (data) => data)
    const listening = miner.listen({ host: '127.0.0.1', port: 0 })
    const failed = listening.catch((error: unknown) => {
      seen.push('listen fails')
      return error
    })
    const closed = miner.close().then(() => seen.push('closed'))
    go()
    expect(await failed).toMatchObject({ code: 'ABORTED' })
    await closed
    expect(seen).toEqual(['stopped', 'closed', 'listen fails'])
    expect(log.at('info').map(({ message }) => message)).not.toContain('miner listening')
  })

  test('while the port is being bound: so, too', async () => {
    for (let turns = 0; turns < 5; turns++) {
      const miner = created().synapse(Echo, (data) => data)
      let isListening = false
      const listening = miner.listen({ host: '127.0.0.1', port: 0 }).then((address) => {
        isListening = true
        return address
      })
      const failed = listening.catch((error: unknown) => error)
      for (let n = 0; n < turns && !isListening; n++) await new Promise((resolve) => setImmediate(resolve))
      if (isListening) break
      await miner.close()
      expect(await failed).toMatchObject({ code: 'ABORTED' })
    }
    expect(log.at('info').map(({ message }) => message)).toContain('miner stopped')
  })

  test('does not wait for a start that hangs for longer than drainMs, and of that nothing starts any more', async () => {
    const { hold, go, seen } = holding()
    @injectable()
    class Handlers extends Doubler {
      dispose(): void {
        seen.push('disposed')
      }
    }
    const later: Middleware = (_call, next) => next()
    const miner = created({ drainMs: 0 })
      .use(hold)
      .use(Object.assign(later, { onStart: () => void seen.push('another starts') }))
      .register(Handlers)
    const listening = miner.listen({ host: '127.0.0.1', port: 0 })
    const failed = listening.catch((error: unknown) => error)
    await miner.close()
    expect(seen).toEqual(['disposed'])
    go()
    expect(await failed).toMatchObject({ code: 'ABORTED' })
    expect(seen).toEqual(['disposed', 'stopped'])
  })

  test('nor a handler, when it is another one that hangs', async () => {
    const seen: string[] = []
    let go!: () => void
    const held = new Promise<void>((resolve) => (go = resolve))
    @injectable()
    class Slow extends Doubler {
      @OnStart() async start(): Promise<void> {
        await held
        seen.push('slow started')
      }
      @OnStop() stop(): void {
        seen.push('slow stops')
      }
    }
    @injectable()
    class Next {
      @Synapse(Echo) echo(data: SynapseData): SynapseData {
        return data
      }
      @OnStart() start(): void {
        seen.push('next started')
      }
    }
    const miner = created({ drainMs: 0 }).register(Slow).register(Next)
    const failed = miner.listen({ host: '127.0.0.1', port: 0 }).catch((error: unknown) => error)
    await miner.close()
    go()
    expect(await failed).toMatchObject({ code: 'ABORTED' })
    expect(seen).toEqual(['slow started', 'slow stops'])
  })
})

describe('while listen is under way', () => {
  test('another access policy holds once it listens', async () => {
    const { hold, go } = holding()
    const miner = created()
      .use(hold)
      .synapse(Echo, (data) => data)
    const listening = miner.listen({ host: '127.0.0.1', port: 0 })
    await turn()
    const replaced = miner.setAccess(allowlist([]))
    go()
    await Promise.all([listening, replaced])
    expect(miner.stats().access.policy).toBe('allowlist(0 hotkeys)')
  })

  test('another access policy holds right after it is given', async () => {
    const miner = created().synapse(Echo, (data) => data)
    const replaced = miner.setAccess(allowlist([]))
    await miner.listen({ host: '127.0.0.1', port: 0 })
    await replaced
    expect(miner.stats().access.policy).toBe('allowlist(0 hotkeys)')
    expect(log.at('warn')).toEqual([])
  })

  test('what is no access policy is refused at once', async () => {
    await expect(created().setAccess({} as never)).rejects.toThrow(config('no access policy'))
  })

  test('a port that is taken: all is stopped when listen says so, and nothing of a second listen', async () => {
    const seen: string[] = []
    const note: Middleware = (_call, next) => next()
    const noting = Object.assign(note, {
      onStart: () => void seen.push('start'),
      onStop: async () => {
        await turn()
        seen.push('stop')
      },
    })
    const { port } = await axonOf(created().synapse(Echo, (data) => data))
    const miner = created()
      .use(noting)
      .synapse(Echo, (data) => data)
    await expect(miner.listen({ host: '127.0.0.1', port })).rejects.toThrow(config('another port'))
    expect(() => miner.stats()).toThrow(config('too early'))
    await axonOf(miner)
    expect(seen).toEqual(['start', 'stop', 'start'])
  })
})

test('what was made for a listen that failed is disposed of once', async () => {
  let disposed = 0
  @injectable()
  class Resource {
    @Synapse(Echo)
    echo(data: object) {
      return data as never
    }
    dispose() {
      disposed++
    }
  }
  const broken: Middleware = (_call, next) => next()
  const onStart = () => Promise.reject(new Error('no database'))
  const miner = created().use(Object.assign(broken, { onStart })).register(Resource)
  await expect(miner.listen({ host: '127.0.0.1', port: 0 })).rejects.toThrow(config('no database'))
  expect(disposed).toBe(1)
})
