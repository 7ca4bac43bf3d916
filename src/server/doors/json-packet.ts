import type { SynapsePacket } from '../../wire/messages.js'
import { encodeValue } from '../../wire/msgpack.js'
import { EncodedMap, type SynapseData } from '../../wire/value.js'

/** A request that came as JSON. Its MessagePack form is made when somebody asks for it: a worker thread, a middleware. */
export class JsonPacket implements SynapsePacket {
  readonly synapseType: string
  readonly data: SynapseData
  readonly traceparent: string | undefined
  /** UNIX seconds. */
  readonly timestamp: number
  #encoded: EncodedMap | undefined

  constructor(synapseType: string, data: SynapseData, timestamp: number, traceparent: string | undefined) {
    this.synapseType = synapseType
    this.data = data
    this.timestamp = timestamp
    this.traceparent = traceparent
  }

  get encodedData(): EncodedMap {
    this.#encoded ??= new EncodedMap(encodeValue(this.data, 'data'))
    return this.#encoded
  }
}
