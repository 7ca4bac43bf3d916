/** What a caller by `btauth/1` is answered, in each case. */
import { createHash, generateKeyPairSync, type KeyObject, sign as signWith } from 'node:crypto'
import { IsInt } from 'class-validator'
import { describe, expect, test } from 'vitest'
import { encodeHotkey } from '../../../src/auth/ss58.js'
import {
  allowlist,
  blacklist,
  bodyLimit,
  type Call,
  IsBytes,
  type MinerOptions,
  priority,
  rateLimit,
  refuse,
  synapse,
} from '../../../src/index.js'
import { minerSigner, signerOf, validatorSigner } from '../../support/hotkeys.js'
import { type Change, HttpMiner, nowNs } from './http-miner.js'

class Numbers {
  @IsInt() value!: number
}
class Blob {
  @IsBytes() blob!: Uint8Array
}
const Double = synapse('Double', { request: Numbers, response: Numbers })
const Relay = synapse('Relay', { request: Blob, response: Blob })
const Free = synapse('Free', {})
const SECOND = 1_000_000_000n

async function opened(
  options: Partial<MinerOptions> = {},
  prepare = (_: HttpMiner): void => {},
): Promise<HttpMiner> {
  const own = new HttpMiner(options)
  prepare(own)
  own.miner.synapse(Double, ({ value }) => {
    if (value === 13) throw Object.assign(new Error('a secret'), { code: 'UNLUCKY' })
    if (value === 14) throw new Error('a secret')
    return { value: value === 15 ? 0.5 : 2 * value }
  })
  own.miner.synapse(Relay, ({ blob }) => ({ blob }))
  own.miner.synapse(Free, (data) => data)
  return own.listen()
}

const stats = ({ miner }: HttpMiner) => miner.stats().http!.requests.btauth

describe('answers', () => {
  test('bytes are base64, both ways', async () => {
    const miner = await opened()
    const blob = Buffer.from([0, 255, 1]).toString('base64')
    expect(await miner.asBtauth('Relay', { blob })).toMatchObject({ status: 200, body: `{"blob":"${blob}"}` })
  })

  test('without a class, any object goes through', async () => {
    const miner = await opened()
    const body = '{"a":[1,2.5,null,{"b":"ü"}],"large":9007199254740991}'
    expect(await miner.asBtauth('Free', body)).toMatchObject({ status: 200, body })
  })

  test('on one connection after the other', async () => {
    const miner = await opened()
    for (let value = 0; value < 3; value++) {
      expect((await miner.asBtauth('Double', { value })).body).toBe(`{"value":${2 * value}}`)
    }
    expect(stats(miner)).toEqual({ accepted: 3, refused: {} })
  })

  test('a name with what a path cannot hold', async () => {
    const miner = await opened({}, ({ miner }) => miner.synapse('är 1/2', {}, () => ({})))
    expect((await miner.asBtauth(encodeURIComponent('är 1/2'))).status).toBe(200)
  })

  test('a query is signed, and is no part of the name', async () => {
    const miner = await opened()
    expect((await miner.asBtauth('Double?why=not', { value: 1 })).status).toBe(200)
  })

  test('the data is there as MessagePack, for who relays or hashes it', async () => {
    const calls: Call[] = []
    const miner = await opened({}, ({ miner }) =>
      miner.use((call, next) => {
        calls.push(call)
        return next()
      }),
    )
    await miner.asBtauth('Double', { value: 1 })
    expect(Buffer.from(calls[0]!.data.bytes).toString('hex')).toBe('81a576616c756501')
  })

  test('an ed25519 key', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const hotkey = encodeHotkey(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
    const miner = await opened({ access: allowlist([hotkey]) })
    expect(await miner.send(ed25519(hotkey, privateKey, '{"value":2}'))).toMatchObject({
      status: 200,
      body: '{"value":4}',
    })
    const sent = ed25519(hotkey, privateKey, '{"value":2}')
    expect((await miner.send({ ...sent, body: '{"value":3}' })).status).toBe(401)
  })
})

function ed25519(hotkey: string, key: KeyObject, body: string) {
  const nonce = nowNs()
  const hash = createHash('sha256').update(body).digest('hex')
  const lines = ['btauth/1', 'ed25519', 'POST', '/Double', hash, nonce, hotkey, minerSigner.hotkey]
  return {
    path: '/Double',
    body,
    headers: {
      'X-Bittensor-Version': '1',
      'X-Bittensor-Hotkey': hotkey,
      'X-Bittensor-Receiver': minerSigner.hotkey,
      'X-Bittensor-Nonce': String(nonce),
      'X-Bittensor-Crypto': 'ed25519',
      'X-Bittensor-Signature': `0x${signWith(null, Buffer.from(lines.join('\n')), key).toString('hex')}`,
    },
  }
}

describe('not verified: 401', () => {
  test.each<[string, Change]>([
    ['a signature that is none', { headers: { 'X-Bittensor-Signature': `0x${'11'.repeat(64)}` } }],
    ['for another miner', { receiver: signerOf(7).hotkey }],
    ['for whoever it reaches', { headers: { 'X-Bittensor-Receiver': '-' } }],
    ['11 s old', { nowNs: nowNs() - 11n * SECOND }],
    ['dated 3 s ahead', { nowNs: nowNs() + 3n * SECOND }],
    ['another version', { headers: { 'X-Bittensor-Version': '2' } }],
    ['under another scheme', { headers: { 'X-Bittensor-Crypto': 'ed25519' } }],
    [
      'a hotkey twice',
      { headers: { 'X-Bittensor-Hotkey': [validatorSigner.hotkey, validatorSigner.hotkey] } },
    ],
  ])('%s', async (_, change) => {
    const miner = await opened()
    const { status, body } = await miner.asBtauth('Double', { value: 1 }, change)
    expect([status, JSON.parse(body)]).toEqual([401, { error: expect.any(String), code: 'NOT_VERIFIED' }])
    expect(stats(miner).accepted).toBe(0)
  })

  test('a body, or a path, that is not what was signed', async () => {
    const miner = await opened()
    const sent = await miner.btauth('Double', { value: 1 })
    expect((await miner.send({ ...sent, body: '{"value":2}' })).status).toBe(401)
    expect((await miner.send({ ...sent, path: '/Free' })).status).toBe(401)
    expect((await miner.send({ ...sent, path: '/Double?' })).status).toBe(401)
    expect((await miner.send(sent)).status).toBe(200) // none of these used its nonce up
  })

  test('once more', async () => {
    const miner = await opened()
    const sent = await miner.btauth('Double', { value: 1 })
    const answers = await Promise.all([miner.send(sent), miner.send(sent), miner.send(sent)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401])
    expect(stats(miner)).toEqual({ accepted: 1, refused: { replayed: 2 } })
  })
})

describe('failures: status, code and words', () => {
  const failed = async (miner: HttpMiner, name: string, data?: unknown, change?: Change) => {
    const { status, body } = await miner.asBtauth(name, data, change)
    return [status, JSON.parse(body)]
  }

  test('no JSON, and not what the class declares', async () => {
    const miner = await opened()
    const [status, { code }] = await failed(miner, 'Double', '{')
    expect([status, code]).toEqual([400, 'INVALID_REQUEST'])
    expect(await failed(miner, 'Double', { value: 'one' })).toEqual([
      400,
      { error: 'invalid request format', code: 'INVALID_REQUEST' },
    ])
    expect(await failed(miner, 'Relay', { blob: 'no base64!' })).toEqual([
      400,
      { error: 'invalid request format', code: 'INVALID_REQUEST' },
    ])
  })

  test('whom the access rules do not admit, from the next request on', async () => {
    const miner = await opened()
    expect((await miner.asBtauth('Free')).status).toBe(200)
    await miner.miner.setAccess(allowlist([signerOf(9).hotkey]))
    expect(await failed(miner, 'Free')).toEqual([403, { error: 'not admitted', code: 'FORBIDDEN' }])
    await miner.miner.setAccess(allowlist([validatorSigner.hotkey]))
    expect((await miner.asBtauth('Free')).status).toBe(200)
  })

  test('no such synapse: told to whom is admitted alone', async () => {
    const miner = await opened()
    expect(await failed(miner, 'Nope')).toEqual([
      404,
      { error: 'unrecognized synapse type', code: 'UNKNOWN_SYNAPSE' },
    ])
    const headers = { 'X-Bittensor-Signature': `0x${'11'.repeat(64)}` }
    expect((await miner.asBtauth('Nope', {}, { headers })).status).toBe(401)
    expect(miner.miner.stats().unrecognized).toBe(1)
  })

  test('a handler that throws says nothing; its call can be asked about when it foresaw it', async () => {
    const miner = await opened()
    expect(await failed(miner, 'Double', { value: 14 })).toEqual([
      500,
      { error: 'request processing failed', code: 'FAILED' },
    ])
    const [status, body] = await failed(miner, 'Double', { value: 13 })
    const { call } = miner.log.at('error').at(-1)!.fields
    expect([status, body]).toEqual([500, { error: 'request processing failed', code: 'FAILED', id: call }])
  })

  test('an answer that its class does not allow', async () => {
    const miner = await opened()
    expect(await failed(miner, 'Double', { value: 15 })).toEqual([
      500,
      { error: 'internal serialization error', code: 'INVALID_ANSWER' },
    ])
  })

  test('what middleware refuses', async () => {
    const refusing = async (use: (own: HttpMiner) => void) => {
      const miner = await opened({}, use)
      await miner.asBtauth('Free')
      return (await failed(miner, 'Free', { text: 'x'.repeat(100) })).map((each) => each.code ?? each)
    }
    expect(await refusing(({ miner }) => miner.use(blacklist({ when: () => true })))).toEqual([
      403,
      'REFUSED',
    ])
    expect(await refusing(({ miner }) => miner.use(() => Promise.reject(refuse('why'))))).toEqual([
      403,
      'REFUSED',
    ])
    expect(await refusing(({ miner }) => miner.use(rateLimit({ burst: 1, perSecond: 0.01 })))).toEqual([
      429,
      'TOO_OFTEN',
    ])
    expect(await refusing(({ miner }) => miner.use(bodyLimit(50)))).toEqual([413, 'TOO_LARGE'])
  })

  test('no place in a queue', async () => {
    let proceed = (): void => {}
    const miner = await opened({}, ({ miner }) => {
      miner.use(priority(() => 0, { concurrency: 1, maxWaiting: 0 }))
      miner.synapse('Wait', {}, () => new Promise((resolve) => (proceed = () => resolve({}))))
    })
    const first = miner.asBtauth('Wait')
    await expect.poll(() => miner.miner.stats().calls.Wait!.running).toBe(1)
    expect((await failed(miner, 'Free')).map((each) => each.code ?? each)).toEqual([503, 'BUSY'])
    proceed()
    expect((await first).status).toBe(200)
  })

  test('too slow', async () => {
    const miner = await opened({}, ({ miner }) =>
      miner.synapse(
        'Slow',
        { timeoutMs: 30 },
        (_, { signal }) => new Promise((resolve) => (signal.onabort = () => resolve({}))),
      ),
    )
    expect(await failed(miner, 'Slow')).toEqual([408, { error: 'handler timed out', code: 'TIMED_OUT' }])
  })
})

test('the events of a call say by which door', async () => {
  const miner = await opened()
  const events: object[] = []
  miner.miner.on('call', (event) => events.push(event))
  await miner.asBtauth('Double', { value: 1 })
  expect(events).toMatchObject([
    { synapse: 'Double', caller: validatorSigner.hotkey, outcome: 'answered', door: 'btauth' },
  ])
})

test('one door may be closed', async () => {
  const own = new HttpMiner()
  own.miner.synapse(Free, () => ({}))
  const miner = await own.listen({ btauth: false })
  expect((await miner.asDendrite(Free)).status).toBe(200)
  expect((await miner.asBtauth('Free')).status).toBe(401)
})
