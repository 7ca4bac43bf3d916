import { Buffer } from 'node:buffer'
import type { SynapseDefinition } from '../../contract/definition.js'
import { synapseRequest } from '../../doors/bittensor10/request.js'
import { fieldsOf } from '../../doors/bittensor10/synapse.js'
import type { SynapseData } from '../../wire/value.js'
import { type DoorForm, textsOf } from './door-form.js'

/** Nobody believes it: the axon goes by where the connection comes from. */
const OWN_IP = '0.0.0.0'

const readers = new WeakMap<SynapseDefinition, (data: SynapseData) => SynapseData>()

export const bittensor10Form: DoorForm = {
  async sign(signer, { synapse: definition, data, axon, timeoutMs, uuid, nowNs }) {
    const { host: ip, port, hotkey } = axon
    const request = { definition, data, timeoutMs, axon: { ip, port, hotkey }, ip: OWN_IP, uuid, nowNs }
    const { headers, body } = await synapseRequest(signer, request)
    return { headers, body: Buffer.from(body) }
  },
  answer(synapse, { data }) {
    let read = readers.get(synapse)
    if (read === undefined) {
      read = fieldsOf('response', synapse.options)
      readers.set(synapse, read)
    }
    return read(data)
  },
  refusal: (body) => ({ words: textsOf(body, 'message').message }),
}
