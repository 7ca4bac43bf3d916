/** A synapse that is answered once. */

import { LevinError } from '../errors.js'
import { shown } from '../shown.js'
import { MessageType, messageTypeName } from '../wire/message-type.js'
import { decodeSynapseResponse } from '../wire/messages.js'
import type { SynapseData, Value } from '../wire/value.js'
import { Exchange, type ExchangeOptions } from './exchange.js'

/** A miner's answer. */
export interface Answer<T> {
  readonly data: T
  /** Milliseconds from opening the stream until the answer was there, measured here. */
  readonly latencyMs: number
}

class Query extends Exchange {
  readonly #resolve: (answer: Answer<SynapseData>) => void
  readonly #reject: (error: LevinError) => void
  #answer: Answer<SynapseData> | undefined

  constructor(
    options: ExchangeOptions,
    resolve: (answer: Answer<SynapseData>) => void,
    reject: (error: LevinError) => void,
  ) {
    super(options)
    this.#resolve = resolve
    this.#reject = reject
    this.start()
  }

  onFrame(type: MessageType, payload: Uint8Array): void {
    this.count(payload)
    if (type === MessageType.StreamChunk || type === MessageType.StreamEnd) {
      this.settle(
        new LevinError(
          'PROTOCOL',
          `the miner answers with a stream (${messageTypeName(type)}): use stream() for this synapse`,
        ),
      )
    } else if (type !== MessageType.SynapseResponse) {
      this.settle(new LevinError('PROTOCOL', `the miner answered with a ${messageTypeName(type)}`))
    } else {
      const latencyMs = this.clock.monotonicMs() - this.openedAt
      const { success, data, error } = decodeSynapseResponse(payload)
      if (success) {
        this.#answer = { data, latencyMs }
        this.settle()
      } else this.settle(peerError(error, data.id))
    }
  }

  protected onSettled(error: LevinError | undefined): void {
    if (error === undefined) this.#resolve(this.#answer!)
    else this.#reject(error)
  }
}

export const query = (options: ExchangeOptions): Promise<Answer<SynapseData>> =>
  new Promise((resolve, reject) => new Query(options, resolve, reject))

/** The protocol's error text, as an error of ours. */
export function peerError(text: string | null, id?: Value): LevinError {
  const peerMessage = text === null ? 'no reason given' : shown(text)
  const callId = typeof id === 'string' && CALL_ID.test(id) ? id : undefined
  const where = callId === undefined ? '' : ` (call ${callId} in its log)`
  return new LevinError('PEER_ERROR', `the miner answered: ${peerMessage}${where}`, { peerMessage, callId })
}

/** As Levin's miners write it. Anything else is not repeated: the peer may have put anything there. */
const CALL_ID = /^[0-9a-f]{16}$/
