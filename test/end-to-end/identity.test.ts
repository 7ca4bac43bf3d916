import { afterEach, describe, expect, test } from 'vitest'
import { certificateFingerprint } from '../../src/auth/fingerprint.js'
import { acceptHandshake } from '../../src/auth/handshake.js'
import {
  type Axon,
  Miner,
  type MinerConnection,
  open,
  silentLogger,
  synapse,
  Validator,
} from '../../src/index.js'
import { createCertificate } from '../../src/transport/certificate.js'
import { FrameDecoder } from '../../src/wire/frame.js'
import { MessageType } from '../../src/wire/message-type.js'
import {
  decodeHandshakeRequest,
  decodeSynapsePacket,
  encodeHandshakeResponse,
  encodeSynapseResponse,
} from '../../src/wire/messages.js'
import { until } from '../support/frames.js'
import { minerSigner, validatorSigner } from '../support/hotkeys.js'
import { dial, type Server, serve } from '../support/quic-pair.js'

const Echo = synapse('echo', {})
const code = (code: string) => ({ name: 'LevinError', code })

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

function connect(axon: Axon): Promise<MinerConnection> {
  const validator = new Validator({ signer: validatorSigner, logger: silentLogger })
  closing.push(() => validator.close())
  return validator.connect(axon)
}

const axonOf = (port: number): Axon => ({ hotkey: minerSigner.hotkey, host: '127.0.0.1', port })

/**
 * Answers with the wanted miner's own key, over the fingerprint that `fingerprintOf` makes of the certificate that TLS
 * shows. @param told the fingerprint that the answer names, if not the one it signs
 */
async function signingOver(fingerprintOf: (own: string) => string, told = fingerprintOf): Promise<Server> {
  const server = await serve((stream) => {
    const own = certificateFingerprint(server.certificate)
    const decoder = new FrameDecoder({ onFrame: (type, payload) => void answer(type, payload) })
    const answer = async (type: MessageType, payload: Uint8Array): Promise<void> => {
      if (type === MessageType.SynapsePacket) {
        const { data } = decodeSynapsePacket(payload)
        stream.end(encodeSynapseResponse({ success: true, data, timestamp: 0, error: null }))
        return
      }
      const request = decodeHandshakeRequest(payload)
      const fingerprint = fingerprintOf(own)
      const response = await acceptHandshake({ signer: minerSigner, request, fingerprint, now: Date.now() })
      stream.end(
        encodeHandshakeResponse({
          ...response,
          certFingerprint: told(own),
        }),
      )
    }
    stream.events = { onBytes: (bytes) => decoder.push(bytes), onEnd: () => {}, onReset: () => {} }
  })
  closing.push(() => server.endpoint.close('server_shutdown'))
  return server
}

describe('a handshake that is not over the certificate of the connection', () => {
  const another = certificateFingerprint(createCertificate().der)

  test('the same miner, over its own certificate, is taken', async () => {
    const { port } = await signingOver((own) => own)
    const connection = await connect(axonOf(port))
    expect((await connection.query(Echo, { a: 1 })).data).toEqual({ a: 1 })
  })

  test('a genuine signature over another certificate is refused, and the connection is closed', async () => {
    const server = await signingOver(() => another)
    await expect(connect(axonOf(server.port))).rejects.toMatchObject(code('WRONG_PEER'))
    await until(() => server.closed.length === 1)
    expect(server.closed).toMatchObject([
      { by: 'peer', application: true, reason: 'no_authenticated_hotkeys' },
    ])
  })

  test('so is one over this certificate that names another', async () => {
    const server = await signingOver(
      (own) => own,
      () => another,
    )
    await expect(connect(axonOf(server.port))).rejects.toMatchObject(code('WRONG_PEER'))
  })

  test('so is one that only says that it is over this certificate', async () => {
    const server = await signingOver(
      () => another,
      (own) => own,
    )
    await expect(connect(axonOf(server.port))).rejects.toMatchObject(code('WRONG_PEER'))
  })
})

test('who shows a certificate of his own and passes on what the miner and the validator say is refused by both', async () => {
  const miner = new Miner({ signer: minerSigner, access: open(), logger: silentLogger, drainMs: 0 })
  miner.synapse(Echo, (data) => data)
  closing.push(() => miner.close())
  const { port } = await miner.listen({ host: '127.0.0.1', port: 0 })
  const passed: Buffer[] = []
  const middle = await serve((stream) => {
    const request: Uint8Array[] = []
    stream.events = {
      onBytes: (bytes) => request.push(bytes),
      onEnd: async () => {
        const onward = await dial(port)
        closing.push(() => onward.link.close(0, 'done'))
        const answer = await onward.ask(Buffer.concat(request))
        passed.push(answer)
        stream.end(answer)
      },
      onReset: () => {},
    }
  })
  closing.push(() => middle.endpoint.close('server_shutdown'))
  await expect(connect(axonOf(middle.port))).rejects.toMatchObject(code('HANDSHAKE_REFUSED'))
  expect(passed).toHaveLength(1)
  expect((await (await connect(axonOf(port))).query(Echo, { a: 1 })).data).toEqual({ a: 1 })
})
