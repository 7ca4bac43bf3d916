/** What callers by HTTP may cost, at the edge of each limit. */
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { allowlist, type HttpOptions, type MinerOptions, sourceFilter, synapse } from '../../../src/index.js'
import { Connections } from '../../../src/server/doors/connections.js'
import { checkHttpOptions } from '../../../src/server/doors/options.js'
import { Visitors } from '../../../src/server/doors/visitors.js'
import { FairLoop } from '../../../src/server/fair-loop.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { signerOf, validatorSigner } from '../../support/hotkeys.js'
import { HttpMiner } from './http-miner.js'

const Free = synapse('Free', {})
const KIB = 1024

async function opened(options: Partial<MinerOptions> = {}, http: HttpOptions = {}): Promise<HttpMiner> {
  const own = new HttpMiner(options)
  own.miner.synapse(Free, () => ({}))
  return own.listen(http)
}

const refusals = ({ miner }: HttpMiner) => miner.stats().http!.requests.btauth.refused
const wrong = { headers: { 'X-Bittensor-Signature': `0x${'11'.repeat(64)}` } }
const closes = (socket: Socket): Promise<unknown> => once(socket.resume(), 'close')

describe('options', () => {
  const check = (options: true | HttpOptions) => checkHttpOptions(options, 64 * KIB * KIB)

  test('defaults', () => {
    expect(check(true)).toEqual({
      host: undefined,
      port: undefined,
      bittensor10: true,
      btauth: true,
      tls: undefined,
      limits: {
        bodyBytes: 4 * KIB * KIB,
        unprovedBytes: 16 * KIB * KIB,
        connections: 1024,
        connectionsPerAddress: 256,
      },
    })
  })

  test.each<[HttpOptions, RegExp]>([
    [{ ports: 1 } as never, /there is no option 'ports'/],
    [{ port: 65_536 }, /port is 65536/],
    [{ host: 'localhost' }, /host is 'localhost'/],
    [{ btauth: 1 as never }, /btauth is 1; it is true or false/],
    [{ btauth: false, bittensor10: false }, /both doors are closed/],
    [{ tls: { cert: 'a' } as never }, /tls is { cert, key }/],
    [{ limits: { bodyBytes: 1023 } }, /bodyBytes is 1023; it is an integer from 1024 to 67108864/],
    [{ limits: { bodyBytes: 64 * KIB * KIB + 1 } }, /bodyBytes is/],
    [{ limits: { unprovedBytes: 4 * KIB * KIB - 1 } }, /unprovedBytes is/],
    [{ limits: { connections: 0 } }, /connections is 0/],
    [{ limits: { connectionsPerAddress: 65_537 } }, /connectionsPerAddress is 65537/],
    [{ limits: { other: 1 } as never }, /there is no option 'other'/],
    ['yes' as never, /the options are 'yes'/],
  ])('%o', (options, message) => {
    expect(() => check(options)).toThrow(
      expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(message) }),
    )
  })

  test('are looked at before anything is opened', async () => {
    const own = new HttpMiner()
    own.miner.synapse(Free, () => ({}))
    await expect(own.miner.listen({ http: { port: -1 } })).rejects.toMatchObject({ code: 'CONFIG' })
    expect(own.miner.state).toBe('new')
  })
})

test('without http no TCP port is open', async () => {
  const own = new HttpMiner()
  own.miner.synapse(Free, () => ({}))
  const { port } = await own.miner.listen({ host: '127.0.0.1', http: false })
  own.port = port
  expect(own.miner.stats().http).toBeUndefined()
  await expect(own.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await own.miner.close()
})

describe('connections', () => {
  test('of one address', async () => {
    const miner = await opened({}, { limits: { connectionsPerAddress: 2 } })
    const sockets = [await miner.connect(), await miner.connect()]
    await closes(await miner.connect())
    expect(miner.miner.stats().http).toMatchObject({ connections: 2, connectionsRefused: 1 })
    sockets[0]!.destroy()
    await expect.poll(() => miner.miner.stats().http!.connections).toBe(1)
    expect((await miner.asBtauth('Free')).status).toBe(200)
  })

  test('in all: the oldest makes room on which nobody has proved who he is', async () => {
    const miner = await opened({}, { limits: { connections: 2 } })
    const first = await miner.connect()
    const second = await miner.connect()
    const isClosed = closes(first)
    const third = await miner.connect()
    await isClosed
    expect([second.destroyed, third.destroyed]).toEqual([false, false])
    expect(miner.miner.stats().http!.connections).toBe(2)
  })

  test('of validators make no room for strangers', async () => {
    const connections = new Connections({ connections: 2, connectionsPerAddress: 9 })
    const socket = (port: number) => {
      const made = { remoteAddress: '127.0.0.1', remotePort: port, isDestroyed: false, once: () => {} }
      return Object.assign(made, { destroy: () => (made.isDestroyed = true) })
    }
    const sockets = [1, 2, 3, 4].map(socket)
    const take = (n: number) => connections.take(sockets[n]! as never, () => true)
    take(0)
    connections.trust({ host: '127.0.0.1', port: 1 })
    take(1)
    take(2)
    expect(sockets.map(({ isDestroyed }) => isDestroyed)).toEqual([false, true, false, false])
    connections.trust({ host: '127.0.0.1', port: 3 })
    take(3)
    expect(sockets.map(({ isDestroyed }) => isDestroyed)).toEqual([false, true, false, true])
    expect(connections.refused).toBe(1)
  })

  test('from where the source filter takes nothing', async () => {
    const filter = sourceFilter({ resolve: () => ['192.0.2.1'] })
    const miner = await opened({ sourceFilter: filter })
    await closes(await miner.connect())
    expect(miner.miner.stats().http!.connectionsRefused).toBe(1)
  })
})

describe('attempts', () => {
  test('that fail: an address is not listened to after so many in a minute, until the minute is over', async () => {
    const clock = new FakeClock()
    const miner = await opened({ handshakesPerMinute: 3, clock })
    for (let n = 0; n < 3; n++) expect((await miner.asBtauth('Free', {}, wrong)).status).toBe(401)
    // told on the connection that is open, which is then closed, and no other is taken
    expect(await miner.asBtauth('Free')).toMatchObject({ status: 429, headers: { connection: 'close' } })
    await expect(miner.asBtauth('Free')).rejects.toThrow()
    clock.advance(60_000)
    expect((await miner.asBtauth('Free')).status).toBe(200)
  })

  test('ten times as many where a validator was lately', async () => {
    const miner = await opened({ handshakesPerMinute: 1 })
    expect((await miner.asBtauth('Free')).status).toBe(200)
    for (let n = 0; n < 10; n++) expect((await miner.asBtauth('Free', {}, wrong)).status).toBe(401)
    expect((await miner.asBtauth('Free')).status).toBe(429)
  })

  test('that succeed, or fail later, do not count', async () => {
    const miner = await opened({ handshakesPerMinute: 1 })
    for (let n = 0; n < 20; n++) expect((await miner.asBtauth('Nope')).status).toBe(404)
    expect((await miner.asBtauth('Free')).status).toBe(200)
  })

  test('signatures are checked after the access rules', async () => {
    const miner = await opened({ access: allowlist([signerOf(9).hotkey]) })
    expect((await miner.asBtauth('Free', {}, wrong)).status).toBe(403)
    expect(refusals(miner)).toEqual({ 'not admitted': 1 })
  })
})

describe('bodies of callers who have not proved who they are', () => {
  test('are kept up to a limit in all, and the room is there again', async () => {
    const miner = await opened({}, { limits: { bodyBytes: 8 * KIB, unprovedBytes: 8 * KIB } })
    const body = `{"a":"${'x'.repeat(6 * KIB)}"}`
    const { headers } = await miner.btauth('Free', body)
    const socket = await miner.connect()
    const lines = Object.entries({ ...headers, Host: 'a', 'Content-Length': body.length })
    socket.write(
      `POST /Free HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    )
    socket.write(body.slice(0, -1))
    const other = () => miner.asBtauth('Free', body, { signer: signerOf(8) })
    await expect.poll(async () => (await other()).status).toBe(503)
    expect(refusals(miner)).toMatchObject({ 'no memory': expect.any(Number) })
    socket.destroy()
    await expect.poll(async () => (await other()).status).toBe(200)
    // from an address where somebody proved himself, it does not count
    const again = await miner.connect()
    again.write(body)
    expect((await other()).status).toBe(200)
  })
})

describe('validators', () => {
  const visitorsOf = (most: number) => {
    const clock = new FakeClock()
    const loop = new FairLoop(clock)
    return { clock, loop, visitors: new Visitors(clock, loop, most, KIB, 128) }
  }
  const request = () => ({ waiting: 0, keptBytes: 0, progress: () => undefined, abandon: () => {} })

  test('so many at once; one that asks nothing makes room', () => {
    const { visitors } = visitorsOf(2)
    const [first, second] = [request(), request()]
    const a = visitors.enter('a', first)!
    visitors.enter('b', second)
    expect(visitors.enter('c', request())).toBeUndefined()
    expect(visitors.enter('a', request())).toBe(a)
    expect(visitors.size).toBe(2)
    visitors.leave(visitors.enter('b', second)!, second)
    expect(visitors.enter('c', request())).toBeDefined()
    expect([...visitors].map(({ hotkey }) => hotkey)).toEqual(['a', 'c'])
  })

  test('leave the loop half a minute after their last request, and not before', () => {
    const { clock, loop, visitors } = visitorsOf(2)
    const only = request()
    const visitor = visitors.enter('a', only)!
    clock.advance(60_000)
    expect(Object.keys(loop.stats())).toEqual(['a'])
    visitors.leave(visitor, only)
    clock.advance(29_999)
    expect(visitors.size).toBe(1)
    clock.advance(30_001)
    expect([visitors.size, Object.keys(loop.stats())]).toEqual([0, []])
    expect(clock.pending).toBe(0)
  })

  test('are known for an hour, so that their signatures are checked before those of newcomers', () => {
    const { clock, visitors } = visitorsOf(2)
    expect(visitors.isKnown('a')).toBe(false)
    const only = request()
    visitors.leave(visitors.enter('a', only)!, only)
    clock.advance(60_000)
    expect([visitors.size, visitors.isKnown('a')]).toEqual([0, true])
    clock.advance(3_600_000)
    expect(visitors.isKnown('a')).toBe(false)
  })
})

test('two miners in one round, by hotkey: stats say who takes what of the loop', async () => {
  const miner = await opened()
  await miner.asBtauth('Free')
  await miner.asDendrite(Free, {}, { signer: signerOf(8) })
  expect(Object.keys(miner.miner.stats().loop).sort()).toEqual(
    [validatorSigner.hotkey, signerOf(8).hotkey].sort(),
  )
  expect(miner.miner.stats().http).toMatchObject({
    validators: 2,
    requests: { btauth: { accepted: 1 }, bittensor10: { accepted: 1 } },
  })
})
