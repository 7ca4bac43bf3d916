/** A request as the frame that is sent: validated and encoded, once for all miners that are asked the same. */
import { inspect } from 'node:util'
import type { SynapseDefinition, SynapseOptions } from '../contract/definition.js'
import { type Dto, describeDto } from '../contract/dto.js'
import { LevinError } from '../errors.js'
import { FRAME_HEADER_BYTES } from '../wire/frame.js'
import { decodeSynapsePacket, encodeSynapsePacket } from '../wire/messages.js'
import type { ValidatorSettings } from './options.js'

/** The classes of a definition, looked at once. */
interface Described {
  readonly request: Dto | undefined
  readonly response: Dto | undefined
  readonly chunk: Dto | undefined
}

const described = new WeakMap<SynapseDefinition, Described>()

export function describe(synapse: SynapseDefinition<SynapseOptions>): Described {
  let found = described.get(synapse)
  if (found === undefined) {
    if (typeof synapse?.options !== 'object') {
      const given = inspect(synapse, { depth: 0 })
      throw new LevinError(
        'CONFIG',
        `the synapse is ${given}; it is a definition, which synapse(name, { ... }) makes`,
      )
    }
    const { request, response, stream } = synapse.options
    // without the synapse, which `callError` names
    const dto = (type: typeof request, use: string) => type && describeDto(type, use, synapse.options)
    found = {
      request: dto(request, 'the request'),
      response: dto(response, 'the answer'),
      chunk: dto(stream === true ? undefined : stream, 'the chunk'),
    }
    described.set(synapse, found)
  }
  return found
}

/** A frame that may be sent any number of times, to any number of miners. */
export class EncodedRequest {
  readonly frame: Uint8Array
  #data: object | undefined

  /** @throws LevinError INVALID_REQUEST, LIMIT */
  constructor(synapse: SynapseDefinition, request: unknown, settings: ValidatorSettings) {
    // a copy: an encoded frame's memory serves another as soon as it is sent
    this.frame = Buffer.from(encodeRequest(synapse, request, settings))
  }

  /** What was encoded, for doors that have another form; made when it is first needed. */
  get data(): object {
    this.#data ??= decodeSynapsePacket(this.frame.subarray(FRAME_HEADER_BYTES)).data
    return this.#data
  }
}

/**
 * What goes on the wire, before it is encoded.
 * @throws LevinError INVALID_REQUEST
 */
export function requestData(synapse: SynapseDefinition, request: unknown): object {
  if (request instanceof EncodedRequest) return request.data
  const dto = describe(synapse).request
  const data = dto === undefined ? request : dto.plain(dto.instance(request, 'INVALID_REQUEST'))
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new LevinError('INVALID_REQUEST', 'the request: an object is needed')
  }
  return data
}

/**
 * @returns a frame for one use
 * @throws LevinError INVALID_REQUEST, LIMIT
 */
export function encodeRequest(
  synapse: SynapseDefinition,
  request: unknown,
  { clock, maxFrameBytes }: ValidatorSettings,
): Uint8Array {
  if (request instanceof EncodedRequest) return request.frame
  const frame = encodeSynapsePacket({
    synapseType: synapse.name,
    data: requestData(synapse, request),
    timestamp: Math.floor(clock.unixMs() / 1000),
  })
  const bytes = frame.length - FRAME_HEADER_BYTES
  if (bytes > maxFrameBytes) {
    throw new LevinError('LIMIT', `the request has ${bytes} bytes, maxFrameBytes is ${maxFrameBytes}`)
  }
  return frame
}
