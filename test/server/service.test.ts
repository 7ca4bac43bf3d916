import { IsString } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { synapse } from '../../src/contract/definition.js'
import type { Call } from '../../src/index.js'
import { turn, until } from '../support/frames.js'
import { signerOf, validatorSigner } from '../support/hotkeys.js'
import { handler, ServedMiner } from '../support/served-miner.js'

const echo = handler(synapse('echo', {}), (_data, call) => call.data)

/** A handler that answers when it is told to, and a miner that has it. */
function waiting() {
  const calls: { call: Call; answer: (data: { [key: string]: string }) => void }[] = []
  const wait = handler(
    synapse('wait', {}),
    (_data, call) => new Promise((answer) => calls.push({ call, answer })),
  )
  return { miner: new ServedMiner([wait, echo]), calls }
}

describe('drain', () => {
  test('waits for a running call, whose answer still goes out', async () => {
    const { miner, calls } = waiting()
    const peer = await miner.authenticated()
    const answer = peer.answer('wait')
    await until(() => calls.length === 1)
    let drained = false
    const drain = miner.service.drain(10_000).then(() => {
      drained = true
    })
    await turn()
    expect(drained).toBe(false)
    calls[0]!.answer({ done: 'yes' })
    await drain
    expect(await answer).toMatchObject({ success: true, data: { done: 'yes' } })
    expect(calls[0]!.call.signal.aborted).toBe(false)
    expect(miner.clock.pending).toBe(0)
  })

  test('refuses new calls from the first moment on', async () => {
    const { miner, calls } = waiting()
    const peer = await miner.authenticated()
    const running = peer.answer('wait')
    await until(() => calls.length === 1)
    const drain = miner.service.drain(10_000)
    const refused = peer.ask('wait')
    expect(await refused.done).toEqual([])
    expect(refused.over).toBe('the peer reset the stream')
    calls[0]!.answer({})
    await Promise.all([drain, running])
    expect(calls).toHaveLength(1)
  })

  test('gives up when its time is over: the calls are aborted, and the log says which', async () => {
    const { miner, calls } = waiting()
    const peer = await miner.authenticated()
    peer.ask('wait')
    peer.ask('wait')
    await until(() => calls.length === 2)
    const drain = miner.service.drain(500)
    miner.clock.advance(499)
    await turn()
    expect(calls.map(({ call }) => call.signal.aborted)).toEqual([false, false])
    miner.clock.advance(1)
    await drain
    expect(calls.map(({ call }) => call.signal.aborted)).toEqual([true, true])
    expect(calls[0]!.call.signal.reason).toMatchObject({ code: 'ABORTED' })
    expect(miner.log.at('info').at(-1)).toMatchObject({ fields: { calls: 2, drainMs: 500 } })
    expect(miner.log.at('warn')).toMatchObject([{ fields: { calls: 2, synapses: ['wait'] } }])
  })

  test('an idle miner has nothing to wait for', async () => {
    const { miner } = waiting()
    await miner.service.drain(10_000)
    expect(miner.clock.pending).toBe(0)
  })

  test('waits for a stream that is being read', async () => {
    let proceed = () => {}
    const stream = handler(synapse('stream', { stream: true }), async function* () {
      yield Buffer.from('a')
      await new Promise<void>((resolve) => (proceed = resolve))
      yield Buffer.from('b')
    })
    const miner = new ServedMiner([stream])
    const peer = await miner.authenticated()
    const frames = peer.ask('stream')
    await frames.next()
    const drain = miner.service.drain(10_000)
    await turn()
    proceed()
    await drain
    expect((await frames.done).map(({ type }) => type)).toEqual(['StreamChunk', 'StreamChunk', 'StreamEnd'])
  })
})

describe('connections', () => {
  test('a validator that comes back closes its earlier connection, and the calls on it after 2 s', async () => {
    const { miner, calls } = waiting()
    const first = await miner.authenticated()
    first.ask('wait')
    await until(() => calls.length === 1)
    const second = await miner.authenticated()
    expect(first.closed).toBeUndefined()
    expect(await first.ask('echo').done).toEqual([])
    miner.clock.advance(2000)
    await turn()
    expect(first.closed).toMatchObject({ by: 'peer', code: 0, reason: 'replaced' })
    expect(calls[0]!.call.signal.aborted).toBe(true)
    expect(await second.answer('echo')).toMatchObject({ success: true })
  })

  test('come and go in the log by hotkey, and strangers do not', async () => {
    const { miner } = waiting()
    miner.connect().link.close(0, 'client_shutdown')
    expect(miner.log.lines).toEqual([])
    const peer = await miner.authenticated()
    peer.link.close(0, 'client_shutdown')
    expect(miner.log.at('info')).toMatchObject([
      { message: 'validator connected', fields: { hotkey: validatorSigner.hotkey } },
      {
        message: 'validator disconnected',
        fields: { hotkey: validatorSigner.hotkey, reason: 'client_shutdown' },
      },
    ])
  })

  test('of several validators run beside each other', async () => {
    const { miner } = waiting()
    const peers = await Promise.all([2, 3, 4].map((byte) => miner.authenticated(signerOf(byte))))
    const answers = await Promise.all(peers.map((peer, i) => peer.answer('echo', { i })))
    expect(answers.map(({ data }) => data)).toEqual([{ i: 0 }, { i: 1 }, { i: 2 }])
    expect(peers.map(({ closed }) => closed)).toEqual([undefined, undefined, undefined])
  })

  test('leave nothing in memory when their streams are over', async () => {
    const { miner } = waiting()
    const peer = await miner.authenticated()
    for (let i = 0; i < 10; i++) await peer.answer('echo')
    await peer.send(Buffer.from([7, 0, 0, 0, 0])).done
    expect([peer.link.streamCount, peer.minerLink.streamCount]).toEqual([0, 0])
  })
})

test('a handler that cannot be validated is named', () => {
  class Bare {
    text!: string
  }
  class Fine {
    @IsString() text!: string
  }
  const bad = (options: object) => () => new ServedMiner([handler(synapse('bad', options), () => ({}))])
  for (const options of [{ request: Bare }, { response: Bare }, { stream: Bare }]) {
    expect(bad(options)).toThrow(expect.objectContaining({ code: 'CONFIG' }))
    expect(bad(options)).toThrow(/^the test's bad: .*Bare/)
  }
  expect(bad({ request: Fine })).not.toThrow()
})

describe('strangers', () => {
  test('are 512 at most: the one that is here longest makes room, and no validator does', async () => {
    const { miner } = waiting()
    const validator = await miner.authenticated()
    const strangers = Array.from({ length: 512 }, () => miner.connect())
    expect(miner.service.stats(undefined).connections).toMatchObject({ strangers: 512, validators: 1 })
    const another = miner.connect()
    expect(strangers.map(({ closed }) => closed?.reason)).toEqual(['cleanup', ...Array(511).fill(undefined)])
    expect(miner.service.stats(undefined).connections).toMatchObject({ strangers: 512, validators: 1 })
    expect(await another.handshake({ signer: signerOf(3) })).toMatchObject({ accepted: true })
    expect(miner.service.stats(undefined).connections).toMatchObject({ strangers: 511, validators: 2 })
    expect(validator.closed).toBeUndefined()
  })

  test('are not trusted before their handshake', async () => {
    const { miner } = waiting()
    const peer = miner.connect()
    expect(peer.minerLink.isTrusted).toBe(false)
    await peer.handshake()
    expect(peer.minerLink.isTrusted).toBe(true)
  })
})
