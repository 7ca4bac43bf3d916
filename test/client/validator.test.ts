import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { networkInterfaces } from 'node:os'
import { Type } from 'class-transformer'
import { IsInt, IsNumber, IsString, Max, Min, ValidateNested } from 'class-validator'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type AccessPolicy,
  type Axon,
  allowlist,
  type Call,
  IsBytes,
  LevinError,
  Miner,
  type MinerConnection,
  open,
  Synapse,
  silentLogger,
  synapse,
  Validator,
  type ValidatorOptions,
} from '../../src/index.js'
import { turn, until } from '../support/frames.js'
import { minerSigner, signerOf, validatorSigner } from '../support/hotkeys.js'

const MIB = 1024 * 1024
const CHUNK = 64 * 1024

class ForecastQuery {
  @IsString() city!: string
  @IsInt() @Min(1) @Max(14) days!: number
}
class Forecast {
  @IsNumber({}, { each: true }) celsius!: number[]
}
class Station {
  @IsString() name!: string
  @IsBytes({ max: 4 }) raw!: Uint8Array
}
class Line {
  @IsString() text!: string
  @ValidateNested() @Type(() => Station) station!: Station
}
class Amount {
  @IsInt() chunks!: number
}

const ForecastSynapse = synapse('Forecast', { request: ForecastQuery, response: Forecast })
const LinesSynapse = synapse('Lines', { request: ForecastQuery, stream: Line })
const BytesSynapse = synapse('Bytes', { request: Amount, stream: true })
const EchoSynapse = synapse('echo', {})
const HangSynapse = synapse('hang', {})

/** How many chunks `Bytes` has given out. */
let given = 0
const hanging: Call[] = []

class ForecastMiner {
  @Synapse(ForecastSynapse)
  forecast({ city, days }: ForecastQuery): Forecast {
    return { celsius: Array.from({ length: days }, (_, day) => city.length + day / 2) }
  }

  @Synapse(LinesSynapse)
  async *lines({ city, days }: ForecastQuery): AsyncIterable<Line> {
    for (let i = 0; i < days; i++) {
      await turn()
      yield { text: `${city} ${i}`, station: { name: city, raw: new Uint8Array([i, 255]) } }
    }
  }

  @Synapse(BytesSynapse)
  async *bytes({ chunks }: Amount): AsyncIterable<Uint8Array> {
    for (let i = 0; i < chunks; i++) {
      given++
      yield Buffer.alloc(CHUNK, i % 256)
    }
  }
}

const miners: Miner[] = []
const validators: Validator[] = []

async function listening(
  access: AccessPolicy = open(),
  host = '127.0.0.1',
): Promise<{ miner: Miner; axon: Axon }> {
  const miner = new Miner({ signer: minerSigner, access, logger: silentLogger, drainMs: 0 })
    .register(ForecastMiner)
    .synapse(EchoSynapse, (_data, call) => call.data)
    .synapse(HangSynapse, (_data, call) => {
      hanging.push(call)
      return new Promise(() => {})
    })
  miners.push(miner)
  return { miner, axon: { hotkey: miner.hotkey, ...(await miner.listen({ host, port: 0 })) } }
}

function validator(options: Partial<ValidatorOptions> = {}): Validator {
  const created = new Validator({ signer: validatorSigner, logger: silentLogger, ...options })
  validators.push(created)
  return created
}

async function connected(): Promise<{ miner: Miner; connection: MinerConnection; validator: Validator }> {
  const { miner, axon } = await listening()
  const asking = validator()
  return { miner, validator: asking, connection: await asking.connect(axon) }
}

afterEach(async () => {
  for (const created of validators.splice(0)) created.close()
  await Promise.all(miners.splice(0).map((miner) => miner.close()))
  hanging.length = given = 0
})

const code = (code: string) => ({ name: 'LevinError', code })

describe('over UDP and TLS', () => {
  test('a typed query', async () => {
    const { connection } = await connected()
    const { data, latencyMs } = await connection.query(ForecastSynapse, { city: 'Oslo', days: 3 })
    expect(data).toBeInstanceOf(Forecast)
    expect(data.celsius).toEqual([4, 4.5, 5])
    expect(latencyMs).toBeGreaterThan(0)
    await expect(connection.query(ForecastSynapse, { city: 'Oslo', days: 15 })).rejects.toMatchObject(
      code('INVALID_REQUEST'),
    )
  })

  test('a stream of instances, with binary in a nested one', async () => {
    const { connection } = await connected()
    const lines: Line[] = []
    for await (const line of connection.stream(LinesSynapse, { city: 'Oslo', days: 14 })) lines.push(line)
    expect(lines.map(({ text }) => text)).toEqual(Array.from({ length: 14 }, (_, i) => `Oslo ${i}`))
    for (const [i, line] of lines.entries()) {
      expect(line).toBeInstanceOf(Line)
      expect(line.station).toBeInstanceOf(Station)
      expect([...line.station.raw]).toEqual([i, 255])
    }
  })

  test('a stream of bytes', async () => {
    const { connection } = await connected()
    let i = 0
    for await (const bytes of connection.stream(BytesSynapse, { chunks: 100 })) {
      expect(Buffer.alloc(CHUNK, i++ % 256).equals(bytes)).toBe(true)
    }
    expect(i).toBe(100)
  })

  test('32 MiB there and back', async () => {
    const { connection } = await connected()
    const payload = Buffer.alloc(32 * MIB, 'levin')
    const { data } = await connection.query(EchoSynapse, { payload })
    expect(payload.equals(data.payload as Buffer)).toBe(true)
  })

  test.each([32, 500])('%d queries at once on one connection: all answered, none crossed', async (count) => {
    const { connection } = await connected()
    const payloads = Array.from({ length: count }, (_, i) => Buffer.alloc(1 + ((i * 37) % 3000), i))
    const answers = await Promise.all(
      payloads.map((payload, i) => connection.query(EchoSynapse, { i, payload })),
    )
    for (const [i, { data }] of answers.entries()) {
      expect(data.i).toBe(i)
      expect(payloads[i]!.equals(data.payload as Buffer)).toBe(true)
    }
  })

  test('streams and queries beside each other', async () => {
    const { connection } = await connected()
    const count = async (chunks: number) => {
      let sum = 0
      for await (const bytes of connection.stream(BytesSynapse, { chunks })) sum += bytes.length
      return sum
    }
    const streams = [5, 17, 30].map(count)
    const queries = [1, 2, 3].map((days) => connection.query(ForecastSynapse, { city: 'Bo', days }))
    expect((await Promise.all(queries)).map(({ data }) => data.celsius.length)).toEqual([1, 2, 3])
    expect(await Promise.all(streams)).toEqual([5 * CHUNK, 17 * CHUNK, 30 * CHUNK])
  })

  test('a reader that is slow holds the miner back: never more than 4 MiB on the way', async () => {
    const { connection } = await connected()
    const chunks = (64 * MIB) / CHUNK
    let read = 0
    let ahead = 0
    for await (const bytes of connection.stream(BytesSynapse, { chunks })) {
      if (read % (8 * CHUNK) === 0) for (let i = 0; i < 20; i++) await turn()
      ahead = Math.max(ahead, given * CHUNK - read)
      read += bytes.length
    }
    expect(read).toBe(64 * MIB)
    expect(ahead).toBeLessThanOrEqual(4 * MIB)
  })

  test('leaving a stream early ends the generator', async () => {
    const { connection } = await connected()
    for await (const bytes of connection.stream(BytesSynapse, { chunks: 100_000 })) {
      expect(bytes).toHaveLength(CHUNK)
      break
    }
    expect((await connection.query(EchoSynapse, { still: 'here' })).data).toEqual({ still: 'here' })
    let before = -1
    await until(() => {
      const same = before === given
      before = given
      return same
    })
    expect(given).toBeLessThan(1000)
  })

  test('an abort reaches the handler', async () => {
    const { connection } = await connected()
    const controller = new AbortController()
    const failed = expect(
      connection.query(HangSynapse, {}, { signal: controller.signal }),
    ).rejects.toMatchObject(code('ABORTED'))
    await until(() => hanging.length === 1)
    controller.abort()
    await failed
    await until(() => hanging[0]!.signal.aborted)
  })

  test.skipIf(
    !Object.values(networkInterfaces())
      .flat()
      .some((it) => it?.address === '::1'),
  )('over IPv6', async () => {
    const { axon } = await listening(open(), '::1')
    expect(axon.host).toBe('::1')
    const connection = await validator().connect(axon)
    expect((await connection.query(ForecastSynapse, { city: 'Oslo', days: 1 })).data.celsius).toEqual([4])
  })
})

/** A UDP port on which nobody ever answers. */
async function silentPort(): Promise<{ port: number; close: () => void; datagrams: () => number }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  let datagrams = 0
  socket.on('message', () => datagrams++)
  await once(socket, 'listening')
  return { port: socket.address().port, close: () => socket.close(), datagrams: () => datagrams }
}

describe('connect fails', () => {
  const to = (port: number): Axon => ({ hotkey: minerSigner.hotkey, host: '127.0.0.1', port })

  test('where nobody listens', async () => {
    const { port, close } = await silentPort()
    close()
    const failed = validator().connect(to(port))
    await expect(failed).rejects.toMatchObject(code('CANNOT_CONNECT'))
    await expect(failed).rejects.toThrow(String(port))
  })

  test('where nobody answers, in the time that the caller gives', async () => {
    const { port, close } = await silentPort()
    await expect(validator().connect(to(port), { timeoutMs: 50 })).rejects.toMatchObject(code('TIMED_OUT'))
    await expect(validator({ connectTimeoutMs: 50 }).connect(to(port))).rejects.toMatchObject(
      code('TIMED_OUT'),
    )
    close()
  })

  test('when the caller aborts, before or during', async () => {
    const { port, close, datagrams } = await silentPort()
    const before = validator().connect(to(port), { signal: AbortSignal.abort('why') })
    await expect(before).rejects.toMatchObject({ code: 'ABORTED', cause: 'why' })
    const controller = new AbortController()
    const during = expect(validator().connect(to(port), { signal: controller.signal })).rejects.toMatchObject(
      code('ABORTED'),
    )
    await until(() => datagrams() > 0)
    controller.abort()
    await during
    close()
  })

  test('where the miner does not admit us', async () => {
    const { axon } = await listening(allowlist([signerOf(9).hotkey]))
    await expect(validator().connect(axon)).rejects.toMatchObject(code('HANDSHAKE_REFUSED'))
    await expect(validator({ signer: signerOf(9) }).connect(axon)).resolves.toMatchObject({ isOpen: true })
  })

  test('where another miner answers', async () => {
    const { axon } = await listening()
    const wanted = { ...axon, hotkey: signerOf(9).hotkey }
    await expect(validator().connect(wanted)).rejects.toMatchObject(code('WRONG_PEER'))
  })

  test('where the handshake takes too long', async () => {
    const { axon } = await listening(() => new Promise(() => {}))
    const failed = validator().connect(axon, { timeoutMs: 200 })
    await expect(failed).rejects.toMatchObject(code('TIMED_OUT'))
    await expect(failed).rejects.toThrow('handshake')
  })

  test('with what cannot be dialled', async () => {
    for (const change of [{ host: 'localhost' }, { port: 0 }, { hotkey: 'x' }]) {
      await expect(validator().connect({ ...to(1), ...change })).rejects.toMatchObject(code('CONFIG'))
    }
    await expect(validator().connect(to(1), { timeoutMs: 0 })).rejects.toMatchObject(code('CONFIG'))
  })

  test('after close(), and while it', async () => {
    const { port, close } = await silentPort()
    const closed = validator()
    const during = expect(closed.connect(to(port))).rejects.toMatchObject(code('ABORTED'))
    closed.close()
    closed.close()
    await during
    await expect(closed.connect(to(port))).rejects.toMatchObject(code('CONFIG'))
    close()
  })
})

describe('the end of a connection', () => {
  test('the miner stops: the reason is server_shutdown', async () => {
    const { miner, connection } = await connected()
    const failed = connection.query(HangSynapse, {}).catch((error: unknown) => error)
    await until(() => hanging.length === 1)
    await miner.close()
    const error = await failed
    expect(error).toBeInstanceOf(LevinError)
    expect(error).toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('server_shutdown'),
    })
    expect(connection.isOpen).toBe(false)
  })

  test('a second connection of the same hotkey replaces the first', async () => {
    const { axon } = await listening()
    const first = await validator().connect(axon)
    const lost = first.query(HangSynapse, {}).catch((error: unknown) => error)
    await until(() => hanging.length === 1)
    const second = await validator().connect(axon)
    expect(await lost).toMatchObject({
      code: 'CONNECTION_LOST',
      message: expect.stringContaining('replaced'),
    })
    expect([first.isOpen, second.isOpen]).toEqual([false, true])
    await until(() => hanging[0]!.signal.aborted)
  })

  test('the validator closes: calls fail here, and are aborted there', async () => {
    const { connection, validator } = await connected()
    const failed = expect(connection.query(HangSynapse, {})).rejects.toMatchObject(code('CONNECTION_LOST'))
    await until(() => hanging.length === 1)
    validator.close()
    await failed
    expect(connection.isOpen).toBe(false)
    await until(() => hanging[0]!.signal.aborted)
  })

  test('one connection closes and another of the same validator goes on', async () => {
    const [one, other] = [await listening(), await listening()]
    const asking = validator()
    const [first, second] = [await asking.connect(one.axon), await asking.connect(other.axon)]
    first.close()
    await expect(first.query(EchoSynapse, {})).rejects.toMatchObject(code('CONNECTION_LOST'))
    expect((await second.query(EchoSynapse, { a: 1 })).data).toEqual({ a: 1 })
  })
})

test('the hotkey is that of the signer', () => expect(validator().hotkey).toBe(validatorSigner.hotkey))
