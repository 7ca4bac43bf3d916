/** A validator's connection as bytes: it proves itself, and then says what the attack wants. */
import { certificateFingerprint } from '../../src/auth/fingerprint.js'
import { createHandshakeRequest } from '../../src/auth/handshake.js'
import { seedSigner } from '../../src/auth/signer.js'
import type { LinkStream } from '../../src/transport/link.js'
import {
  decodeHandshakeResponse,
  decodeSynapseResponse,
  encodeHandshakeRequest,
} from '../../src/wire/messages.js'
import { seedOf } from '../interop/options.js'
import { type Client, dial } from '../support/quic-pair.js'

const SEED = 9
const NONCE_BYTES = 16
const HEADER_BYTES = 5

export interface RawStream {
  readonly stream: LinkStream
  /** How it ended. */
  readonly over: string | undefined
}

export class RawValidator {
  readonly #client: Client

  private constructor(client: Client) {
    this.#client = client
  }

  static async connect(port: number): Promise<RawValidator> {
    const client = await dial(port, { keepAliveMs: 10_000 })
    const fingerprint = certificateFingerprint(client.link.peerCertificate!)
    const request = await createHandshakeRequest({
      signer: seedSigner(seedOf(SEED)),
      fingerprint,
      nonce: crypto.getRandomValues(new Uint8Array(NONCE_BYTES)),
      now: Date.now(),
    })
    const answer = await client.ask(encodeHandshakeRequest(request))
    if (!decodeHandshakeResponse(answer.subarray(HEADER_BYTES)).accepted) throw new Error('not accepted')
    return new RawValidator(client)
  }

  get isClosed(): boolean {
    return this.#client.link.closed !== undefined
  }

  /** What it is answered, in a word: `ok`, an error text, `nothing` when the stream just ends, or `reset`. */
  ask(bytes: Uint8Array): Promise<string> {
    return this.#client.ask(bytes).then(describe, (error: Error) => `reset: ${error.message}`)
  }

  async open(): Promise<RawStream> {
    let over: string | undefined
    const stream = await this.#client.open({
      onBytes: () => {},
      onEnd: () => {
        over = 'ended'
      },
      onReset: (reason) => {
        over = reason === '' ? 'reset' : reason
      },
    })
    return {
      stream,
      get over() {
        return over
      },
    }
  }
}

function describe(answer: Buffer): string {
  if (answer.length === 0) return 'nothing'
  if (answer[0] !== 0x04) return `a frame of type ${answer[0]}`
  return decodeSynapseResponse(answer.subarray(HEADER_BYTES)).error ?? 'ok'
}
