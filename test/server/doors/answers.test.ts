/** Answers by HTTP that take their time: streams, slow callers, callers that go, and a miner that stops. */
import { once } from 'node:events'
import { Agent } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { text } from 'node:stream/consumers'
import { IsInt } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { synapse } from '../../../src/index.js'
import { openDoors } from '../../../src/server/doors/http-doors.js'
import { checkHttpOptions } from '../../../src/server/doors/options.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { memoryNetwork } from '../../../src/testing/memory/network.js'
import { createCertificate } from '../../../src/transport/certificate.js'
import { until } from '../../support/frames.js'
import { signerOf } from '../../support/hotkeys.js'
import { handler, ServedMiner } from '../../support/served-miner.js'
import { HttpMiner, type Sent } from './http-miner.js'

class Step {
  @IsInt() step!: number
}
const Words = synapse('Words', { stream: true })
const Steps = synapse('Steps', { stream: Step })
const Free = synapse('Free', {})
const Wait = synapse('Wait', {})
const MIB = 1024 * 1024

const doors = ['dendrite', 'btauth'] as const
const ask = (
  miner: HttpMiner,
  door: (typeof doors)[number],
  definition: typeof Free | typeof Words,
): Promise<Sent> => (door === 'btauth' ? miner.btauth(definition.name) : miner.dendrite(definition))

describe.each(doors)('streams, %s', (door) => {
  test('of bytes are the body, as they are', async () => {
    const own = new HttpMiner()
    own.miner.synapse(Words, async function* () {
      yield Buffer.from('one ')
      yield Buffer.from('two')
    })
    const miner = await own.listen()
    const answer = await miner.send(await ask(miner, door, Words))
    expect([answer.status, answer.body]).toEqual([200, 'one two'])
    expect(answer.headers['transfer-encoding']).toBe('chunked')
    expect(answer.headers['content-type']).toBe(
      door === 'btauth' ? 'application/octet-stream' : 'text/event-stream',
    )
    if (door === 'dendrite') expect(answer.headers.bt_header_axon_status_code).toBe('200')
  })

  test('of a class are lines of JSON', async () => {
    const own = new HttpMiner()
    own.miner.synapse(Steps, function* () {
      yield { step: 1 }
      yield { step: 2 }
    })
    const miner = await own.listen()
    const answer = await miner.send(await ask(miner, door, Steps))
    expect([answer.status, answer.body]).toEqual([200, '{"step":1}\n{"step":2}\n'])
    expect(answer.headers['content-type']).toBe('application/x-ndjson')
  })

  test('that fail end without their end, after what they said', async () => {
    const own = new HttpMiner()
    own.miner.synapse(Words, function* () {
      yield Buffer.from('one ')
      yield Buffer.from('two')
      throw new Error('not for the caller')
    })
    const miner = await own.listen()
    const response = await miner.open(await ask(miner, door, Words))
    let said = ''
    response.setEncoding('utf8').on('data', (words: string) => {
      said += words
    })
    await expect(once(response, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(said).toBe('one two')
  })

  test('that are empty', async () => {
    const own = new HttpMiner()
    own.miner.synapse(Words, function* () {})
    const miner = await own.listen()
    expect(await miner.send(await ask(miner, door, Words))).toMatchObject({ status: 200, body: '' })
  })

  test('that fail at once have a status, and later no end', async () => {
    const own = new HttpMiner()
    let isLater = false
    own.miner.synapse(Words, function* () {
      if (isLater) yield Buffer.from('one')
      throw new Error('a secret')
    })
    const miner = await own.listen()
    const early = await miner.send(await ask(miner, door, Words))
    expect(early.status).toBe(500)
    expect(early.body).not.toContain('secret')
    isLater = true
    await expect(miner.send(await ask(miner, door, Words))).rejects.toThrow(/aborted|hang up/)
    expect(miner.miner.stats().calls.Words).toMatchObject({ failed: 2 })
  })

  test('wait for a caller that takes nothing, who then loses them', async () => {
    const clock = new FakeClock()
    const own = new HttpMiner({ clock, handlerTimeoutMs: 120_000 })
    let chunks = 0
    own.miner.synapse(Words, function* () {
      for (; chunks < 1000; chunks++) yield Buffer.alloc(MIB)
    })
    const miner = await own.listen()
    const response = await miner.open(await ask(miner, door, Words))
    let before = -1
    await expect
      .poll(() => {
        const stands = chunks > 0 && chunks === before
        before = chunks
        return stands
      })
      .toBe(true)
    expect(chunks).toBeLessThan(20)
    for (let quarter = 0; quarter < 5; quarter++) clock.advance(15_000)
    await expect.poll(() => miner.miner.stats().calls.Words).toMatchObject({ running: 0, aborted: 1 })
    response.on('error', () => {})
    response.destroy()
  })
})

describe.each(doors)('a caller, %s', (door) => {
  test('that goes takes its call with it', async () => {
    const own = new HttpMiner()
    const why: Promise<unknown> = new Promise((resolve) => {
      own.miner.synapse(Wait, (_, { signal }) => {
        return new Promise((_, reject) => {
          signal.onabort = () => {
            resolve(signal.reason)
            reject(signal.reason)
          }
        })
      })
    })
    const miner = await own.listen()
    const agent = new Agent()
    const gone = expect(miner.send(await ask(miner, door, Wait), agent)).rejects.toThrow()
    await expect.poll(() => miner.miner.stats().calls.Wait!.running).toBe(1)
    agent.destroy()
    await gone
    expect(await why).toMatchObject({ code: 'ABORTED' })
    await expect.poll(() => miner.miner.stats().calls.Wait).toMatchObject({ running: 0, aborted: 1 })
  })

  test('reads an answer of many pieces', async () => {
    const own = new HttpMiner()
    own.miner.synapse(Free, () => ({ text: 'x'.repeat(3 * MIB) }))
    const miner = await own.listen()
    const { status, body } = await miner.send(await ask(miner, door, Free))
    expect([status, JSON.parse(body).text.length]).toEqual([200, 3 * MIB])
  })

  test('is told of an answer that is too large', async () => {
    const own = new HttpMiner({ maxFrameBytes: MIB })
    own.miner.synapse(Free, () => ({ text: 'x'.repeat(MIB) }))
    const miner = await own.listen()
    expect((await miner.send(await ask(miner, door, Free))).status).toBe(500)
    expect(miner.log.at('error')[0]!.fields.error).toMatchObject({
      message: expect.stringContaining('maxFrameBytes'),
    })
  })

  test('has so many requests under way, and others have theirs', async () => {
    let proceed = (): void => {}
    const own = new HttpMiner({ maxStreams: 2 })
    const gate = new Promise<void>((resolve) => (proceed = resolve))
    own.miner.synapse(Wait, async () => {
      await gate
      return {}
    })
    const miner = await own.listen()
    const first = [miner.send(await ask(miner, door, Wait)), miner.send(await ask(miner, door, Wait))]
    await expect.poll(() => miner.miner.stats().calls.Wait!.running).toBe(2)
    const later = miner.send(await ask(miner, door, Wait))
    const other = miner.asBtauth('Wait', {}, { signer: signerOf(8) })
    await expect.poll(() => miner.miner.stats().calls.Wait!.running).toBe(3)
    proceed()
    const answers = await Promise.all([...first, later, other])
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  test('hears the answer of a miner that stops, and then no more', async () => {
    let proceed = (): void => {}
    const own = new HttpMiner()
    own.miner.synapse(Wait, () => new Promise((resolve) => (proceed = () => resolve({}))))
    own.miner.synapse(Free, () => ({}))
    const miner = await own.listen()
    const agent = new Agent({ keepAlive: true })
    await miner.send(await ask(miner, door, Free), agent)
    const answer = miner.send(await ask(miner, door, Wait))
    await expect.poll(() => miner.miner.stats().calls.Wait!.running).toBe(1)
    const closed = miner.miner.close()
    await expect(miner.send(await ask(miner, door, Free))).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    proceed()
    expect((await answer).status).toBe(200)
    await closed
    expect(miner.miner.state).toBe('closed')
    agent.destroy()
  })
})

test('a request that waits for another of its validator when the miner stops is told so', async () => {
  let proceed = (): void => {}
  const own = new HttpMiner({ maxStreams: 1 })
  own.miner.synapse(Wait, () => new Promise((resolve) => (proceed = () => resolve({}))))
  const miner = await own.listen()
  const first = miner.asBtauth('Wait')
  await expect.poll(() => miner.miner.stats().calls.Wait!.running).toBe(1)
  const second = miner.asBtauth('Wait')
  await expect.poll(() => miner.miner.stats().http!.connections).toBe(2)
  const closed = miner.miner.close()
  proceed()
  expect((await first).status).toBe(200)
  expect((await second).status).toBe(503)
  await closed
  expect(miner.log.at('error')).toEqual([])
})

test('a chunk that is written in the moment in which the connection ends harms nobody', async () => {
  const steps: (() => void)[] = []
  const words = handler(Words, async function* () {
    for (;;) {
      await new Promise<void>((resolve) => steps.push(resolve))
      yield Buffer.from('a word')
    }
  })
  const served = new ServedMiner([words])
  const { service, clock } = served
  const doors = await openDoors(service, checkHttpOptions({ port: 0 }, MIB), { host: '127.0.0.1', port: 0 })
  const caller = new HttpMiner({ clock })
  caller.port = doors.address.port
  const response = caller.open(await caller.btauth('Words'))
  await expect.poll(() => steps.length).toBe(1)
  steps[0]!()
  const begun = await response
  const ended = expect(text(begun)).rejects.toThrow('aborted')
  await expect.poll(() => steps.length).toBe(2)
  for (const request of doors.requests()) request.abandon()
  steps[1]!()
  await ended
  await service.dispatcher.idle()
  expect(service.stats(undefined).calls.Words).toMatchObject({ running: 0, aborted: 1 })
  await doors.close(0)
})

test('HTTPS, when it is given a certificate; its callers count as those of plain HTTP do', async () => {
  const { certificatePem: cert, keyPem: key } = createCertificate()
  const own = new HttpMiner()
  own.miner.synapse(Free, () => ({ fine: true }))
  const miner = await own.listen({ tls: { cert, key }, limits: { connections: 1 } })
  const { path, headers, body } = await miner.btauth('Free')
  const request = httpsRequest({
    host: '127.0.0.1',
    port: miner.port,
    path,
    method: 'POST',
    ca: cert,
    checkServerIdentity: () => undefined,
    headers: { ...headers, 'content-length': body.length },
    agent: false,
  })
  request.end(body)
  const [response] = await once(request, 'response')
  expect([response.statusCode, await text(response)]).toEqual([200, '{"fine":true}'])
})

test('a port that is taken is said, and nothing stays open', async () => {
  const network = memoryNetwork()
  const first = new HttpMiner()
  first.miner.synapse(Free, () => ({}))
  const { port } = await first.listen()
  const own = new HttpMiner({ engine: network.at() })
  own.miner.synapse(Free, () => ({}))
  await expect(own.miner.listen({ host: '127.0.0.1', port, http: true })).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringContaining(`cannot listen on 127.0.0.1 port ${port}: the port is taken`),
  })
  await first.miner.close()
  await own.miner.listen({ host: '127.0.0.1', port, http: true }) // QUIC's is free again, too
  expect(own.miner.stats().http).toMatchObject({ host: '127.0.0.1', port })
  await own.miner.close()
})

describe('requests of one validator beyond those that it may have at once', () => {
  /** Handlers that run until they are told, and a miner of which two may run at once. */
  async function twoAtOnce() {
    const running: (() => void)[] = []
    const own = new HttpMiner({ maxStreams: 2 })
    own.miner.synapse(Wait, () => new Promise((resolve) => running.push(() => resolve({}))))
    return { running, miner: await own.listen() }
  }

  test('wait for one of them to be over, and are all answered', async () => {
    const { running, miner } = await twoAtOnce()
    const answers = [1, 2, 3, 4, 5].map(() => miner.asDendrite(Wait))
    for (let over = 0; over < 3; over++) {
      await until(() => running.length === over + 2)
      expect(miner.miner.stats().calls.Wait).toMatchObject({ running: 2, answered: over })
      running[over]!()
    }
    await until(() => running.length === 5)
    for (const done of running) done()
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  })

  test('wait no more when their caller is gone, and keep no place', async () => {
    const { running, miner } = await twoAtOnce()
    const kept = [miner.asDendrite(Wait), miner.asDendrite(Wait)]
    await until(() => running.length === 2)
    const socket = await miner.connect()
    const { path, headers, body } = await miner.dendrite(Wait)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`POST ${path} HTTP/1.1\r\ncontent-length: ${body.length}\r\n${lines.join('')}\r\n${body}`)
    await until(() => miner.miner.stats().http!.connections === 3)
    socket.destroy()
    await until(() => miner.miner.stats().http!.connections === 2)
    const last = miner.asDendrite(Wait)
    running[0]!()
    await until(() => running.length === 3)
    for (const done of running) done()
    expect((await Promise.all([...kept, last])).map(({ status }) => status)).toEqual([200, 200, 200])
    expect(miner.miner.stats().calls.Wait).toMatchObject({ answered: 3, aborted: 0 })
  })
})
