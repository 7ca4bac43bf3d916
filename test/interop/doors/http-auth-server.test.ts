/** Bittensor's `http_auth`, unmodified, takes what a Levin validator signs. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLogger, synapse, Validator } from '../../../src/index.js'
import { minerSigner, signerOf, validatorSigner } from '../../support/hotkeys.js'
import { available } from '../peers/available.js'
import { prepareSdkPeer } from '../peers/build.js'
import { type Server, serve } from '../peers/conversation.js'
import { Ask } from './contract.js'

const peer = await available('sdk', prepareSdkPeer)

describe.runIf(peer !== undefined)("A Levin validator and Bittensor's http_auth", () => {
  let server: Server<{ port: number; hotkey: string }>
  let validator: Validator

  beforeAll(async () => {
    server = await serve(peer!, 'btauth-server')
    validator = new Validator({ signer: validatorSigner, logger: silentLogger })
  })
  afterAll(async () => {
    validator?.close()
    await server?.stop()
  })

  const axon = () => ({
    hotkey: minerSigner.hotkey,
    host: '127.0.0.1',
    port: server.said.port,
    door: 'btauth' as const,
  })

  test('what it signs is verified, and the answer is read', async () => {
    const { data } = await validator.query(axon(), Ask, { city: 'Oslo', days: 3 })
    expect(data.answer).toBe(`hi Oslo, ${validatorSigner.hotkey}`)
  })

  test.each(['', '?', ' ', 'ä', '%2F'])(
    'whatever a name has in it is signed as it is sent: %j',
    async (odd) => {
      // The server verified it before it looked for the name.
      const query = validator.query(axon(), synapse(`Nope${odd}`, {}), {})
      await expect(query).rejects.toMatchObject({
        code: 'PEER_ERROR',
        message: expect.stringMatching(/no such synapse|unrecognized/),
      })
    },
  )

  test('a hotkey that the request is not for refuses it', async () => {
    const query = validator.query({ ...axon(), hotkey: signerOf(9).hotkey }, synapse('Nope', {}), {})
    await expect(query).rejects.toMatchObject({ code: 'HANDSHAKE_REFUSED' })
  })

  test('a handler that fails is an error of the peer', async () => {
    await expect(validator.query(axon(), Ask, { city: 'boom', days: 3 })).rejects.toMatchObject({
      code: 'PEER_ERROR',
    })
  })
})
