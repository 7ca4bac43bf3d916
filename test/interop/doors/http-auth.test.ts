/** Bittensor's `http_auth`, unmodified, signs what a Levin miner takes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Miner } from '../../../src/index.js'
import { signerOf } from '../../support/hotkeys.js'
import { available } from '../peers/available.js'
import { prepareSdkPeer } from '../peers/build.js'
import { type Conversation, converse } from '../peers/conversation.js'
import { doorMiner, UNWANTED } from './miner.js'
import type { HttpAnswer } from './told.js'

const ASK = { path: '/Ask', body: '{"city": "Oslo", "days": 3}' }

/** What is changed of a good request, and how it is refused. */
const REFUSED: readonly (readonly [string, object, status: number, code: string])[] = [
  ['sent again', { times: 2 }, 401, 'NOT_VERIFIED'],
  ['11 s old', { ahead: -11 }, 401, 'NOT_VERIFIED'],
  ['3 s ahead', { ahead: 3 }, 401, 'NOT_VERIFIED'],
  [
    'with another body than was signed',
    { sent: { body: '{"city": "Rome", "days": 3}' } },
    401,
    'NOT_VERIFIED',
  ],
  ['to another path than was signed', { sent: { path: '/Value' } }, 401, 'NOT_VERIFIED'],
  ['with a query that was not signed', { sent: { path: '/Ask?days=4' } }, 401, 'NOT_VERIFIED'],
  ['for another miner', { receiver: signerOf(9).hotkey }, 401, 'NOT_VERIFIED'],
  ['for any miner', { unbound: true }, 401, 'NOT_VERIFIED'],
  ['without a signature', { without: ['X-Bittensor-Signature'] }, 401, 'NOT_VERIFIED'],
  ['without a hotkey', { without: ['X-Bittensor-Hotkey'] }, 401, 'NOT_VERIFIED'],
  ['of another version', { headers: { 'X-Bittensor-Version': '2' } }, 401, 'NOT_VERIFIED'],
  [
    'under another scheme than was signed',
    { headers: { 'X-Bittensor-Crypto': 'ed25519' } },
    401,
    'NOT_VERIFIED',
  ],
  ['of somebody else', { headers: { 'X-Bittensor-Hotkey': signerOf(9).hotkey } }, 401, 'NOT_VERIFIED'],
  ['of who is not admitted', { seed: UNWANTED }, 403, 'FORBIDDEN'],
  ['for a synapse that is not there', { path: '/Nope', body: '{}' }, 404, 'UNKNOWN_SYNAPSE'],
  ['that is no JSON', { body: '{city}' }, 400, 'INVALID_REQUEST'],
  ['that its class does not allow', { body: '{"city": "Oslo", "days": "three"}' }, 400, 'INVALID_REQUEST'],
  ['whose handler fails', { body: '{"city": "boom", "days": 3}' }, 500, 'FAILED'],
]

const peer = await available('sdk', prepareSdkPeer)

describe.runIf(peer !== undefined)("Bittensor's http_auth and a Levin miner", () => {
  let client: Conversation
  let miner: Miner
  let port: number

  beforeAll(async () => {
    client = converse(peer!, 'btauth-client')
    miner = doorMiner()
    port = (await miner.listen({ host: '127.0.0.1', port: 0, http: true })).port
  })
  afterAll(async () => {
    await Promise.all([client?.stop(), miner?.close()])
  })

  const send = (command: object): Promise<HttpAnswer> => client.ask({ ...ASK, ...command, port })

  test.each(['sr25519', 'ed25519'])('a request that is signed with %s is answered', async (scheme) => {
    const { status, body } = await send({ scheme })
    expect({ status, body: JSON.parse(body!) }).toEqual({ status: 200, body: { answer: 'hi Oslo' } })
  })

  test('a query is signed with the path', async () => {
    const { status } = await send({ path: '/Ask?trace=7' })
    expect(status).toBe(200)
  })

  test.each(REFUSED)('a request %s is refused', async (_name, command, status, code) => {
    const answer = await send(command)
    expect({ status: answer.status, ...JSON.parse(answer.body!) }).toMatchObject({ status, code })
    expect(answer.body).not.toContain('these words must never reach the peer')
  })
})
