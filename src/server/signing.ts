/** The miner's signatures under handshakes, and what its operator hears while there are none. */
import { acceptHandshake } from '../auth/handshake.js'
import { inTime } from '../clock.js'
import { LevinError } from '../errors.js'
import type { Summary } from '../summary.js'
import type { HandshakeRequest, HandshakeResponse } from '../wire/messages.js'
import type { MinerSettings } from './options.js'

const FAILED = 'the signer failed, so nobody can connect'
const BACK = 'the signer signs again'

export class Signing {
  readonly #settings: MinerSettings
  readonly #fingerprint: string
  readonly #noise: Summary
  #isFailing = false

  constructor(settings: MinerSettings, fingerprint: string, noise: Summary) {
    this.#settings = settings
    this.#fingerprint = fingerprint
    this.#noise = noise
  }

  /** Never rejects. @returns undefined when the signer failed, or did not answer in a handshake's time */
  async accept(request: HandshakeRequest): Promise<HandshakeResponse | undefined> {
    const { clock, handshakeTimeoutMs: ms, signer } = this.#settings
    const late = () =>
      new LevinError('TIMED_OUT', `the signer of ${signer.hotkey} did not sign within ${ms} ms`)
    try {
      const signed = acceptHandshake({ signer, request, fingerprint: this.#fingerprint, now: clock.unixMs() })
      const response = await inTime(clock, ms, signed, late)
      this.#signed()
      return response
    } catch (error) {
      this.#failed(LevinError.from(error))
      return undefined
    }
  }

  /** Every handshake fails while a signer is away. Words of ours say all; what the author's code threw has its stack. */
  #failed(error: LevinError): void {
    this.#isFailing = true
    const fields = error.cause === undefined ? {} : { error }
    this.#noise.note(FAILED, `${FAILED}: ${error.message}`, fields, 'error')
  }

  #signed(): void {
    if (this.#isFailing) this.#noise.note(BACK, BACK, { hotkey: this.#settings.signer.hotkey })
    this.#isFailing = false
  }
}
