import { Call } from '../contract/call.js'
import { type Logger, withFields } from '../logger.js'
import type { Address } from '../transport/link.js'
import type { SynapsePacket } from '../wire/messages.js'
import type { EncodedMap, SynapseData } from '../wire/value.js'

/** What a call is made of. */
export interface CallOrigin {
  readonly id: string
  readonly caller: string
  readonly remote: Address
  readonly deadline: number
  readonly logger: Logger
}

/** A call that runs: what the handler sees, and what only the dispatcher may do with it. */
export class LiveCall extends Call {
  readonly id: string
  readonly caller: string
  readonly remote: Address
  readonly synapse: string
  readonly data: EncodedMap
  readonly deadline: number
  /** The request's data, decoded and not validated. */
  readonly body: SynapseData
  readonly #logger: Logger
  #log: Logger | undefined
  #controller: AbortController | undefined
  #abortReason: Error | undefined
  #releases: (() => void)[] | undefined

  constructor(origin: CallOrigin, packet: SynapsePacket) {
    super()
    this.id = origin.id
    this.caller = origin.caller
    this.remote = origin.remote
    this.deadline = origin.deadline
    this.#logger = origin.logger
    this.synapse = packet.synapseType
    this.data = packet.encodedData
    this.body = packet.data
  }

  /** Made when it is first asked for: an AbortController costs more than everything else here. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  get log(): Logger {
    this.#log ??= withFields(this.#logger, { call: this.id, caller: this.caller, synapse: this.synapse })
    return this.#log
  }

  get aborted(): boolean {
    return this.#abortReason !== undefined
  }

  /** Nobody waits for the answer any more. */
  abort(reason: Error): void {
    if (this.#abortReason !== undefined) return
    this.#abortReason = reason
    this.#controller?.abort(reason)
  }

  /** Runs when the handler is done, whatever became of it. */
  onRelease(run: () => void): void {
    this.#releases ??= []
    this.#releases.push(run)
  }

  release(): void {
    for (const run of this.#releases ?? []) run()
    this.#releases = undefined
  }
}
