import { Buffer } from 'node:buffer'
import { signBtauth } from '../../doors/btauth.js'
import { writeJson } from '../../doors/json/write.js'
import { type DoorForm, textsOf } from './door-form.js'

export const btauthForm: DoorForm = {
  async sign(signer, { data, target, axon, nowNs }) {
    const body = Buffer.from(writeJson(data, 'request'))
    const request = { method: 'POST', target, body, receiver: axon.hotkey, nowNs }
    const headers = { ...(await signBtauth(signer, request)), 'content-type': 'application/json' }
    return { headers, body }
  },
  answer: (_synapse, { data }) => data,
  refusal(body) {
    const { error: words, code, id } = textsOf(body, 'error', 'code', 'id')
    return { words, code, id }
  },
}
