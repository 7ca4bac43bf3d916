/** Asks a miner by one of its HTTP doors, and tells answers and failures as a validator's call does. */
import { describe } from '../../src/client/request.js'
import { synapseRequest } from '../../src/doors/bittensor10/request.js'
import { fieldsOf } from '../../src/doors/bittensor10/synapse.js'
import { signBtauth } from '../../src/doors/btauth.js'
import type { Door } from '../../src/doors/door.js'
import { parseJsonObject } from '../../src/doors/json/parse.js'
import { jsonReader } from '../../src/doors/json/typed.js'
import { writeJson } from '../../src/doors/json/write.js'
import { FAILURES, failureOf } from '../../src/doors/status.js'
import { type Axon, LevinError, type Signer, type SynapseDefinition } from '../../src/index.js'

const TIMEOUT_MS = 12_000

export class HttpCaller {
  readonly #door: Exclude<Door, 'quic'>
  readonly #signer: Signer
  readonly #axon: Axon
  #nowNs = BigInt(Date.now()) * 1_000_000n

  constructor(door: Exclude<Door, 'quic'>, signer: Signer, axon: Axon) {
    this.#door = door
    this.#signer = signer
    this.#axon = axon
  }

  /** @throws LevinError as `validator.query` does */
  async query(definition: SynapseDefinition, request: object, timeoutMs = TIMEOUT_MS): Promise<object> {
    const response = await this.#send(definition, request, AbortSignal.timeout(timeoutMs))
    const { data } = parseJsonObject(new Uint8Array(await response.arrayBuffer()))
    const own = this.#door === 'btauth' ? data : fieldsOf('response', definition.options)(data)
    return instanceOf(definition, 'response', own)
  }

  /** @throws LevinError as `validator.stream` does; its chunks of bytes are those of TCP */
  async *stream(definition: SynapseDefinition, request: object): AsyncIterable<object> {
    const gone = new AbortController()
    try {
      const { body } = await this.#send(definition, request, gone.signal)
      let rest = Buffer.alloc(0)
      for await (const bytes of body!) {
        if (definition.options.stream === true) {
          yield Buffer.from(bytes)
          continue
        }
        const lines = Buffer.concat([rest, bytes]).toString('latin1').split('\n')
        rest = Buffer.from(lines.pop()!, 'latin1')
        for (const line of lines)
          yield instanceOf(definition, 'stream', parseJsonObject(Buffer.from(line, 'latin1')).data)
      }
    } catch (thrown) {
      throw thrown instanceof TypeError ? new LevinError('CONNECTION_LOST', 'cut') : thrown
    } finally {
      gone.abort()
    }
  }

  async #send(definition: SynapseDefinition, request: object, signal: AbortSignal): Promise<Response> {
    const { host, port } = this.#axon
    const target = `/${encodeURIComponent(definition.name)}`
    const { headers, body } = await this.#signed(definition, target, request)
    const sent = fetch(`http://${host}:${port}${target}`, { method: 'POST', headers, body, signal })
    const response = await sent.catch((error: Error) => {
      throw new LevinError(error.name === 'TimeoutError' ? 'TIMED_OUT' : 'CANNOT_CONNECT', error.message)
    })
    if (response.ok) return response
    const { code, id } = (await response.json()) as { code?: string; id?: string }
    const { error, text } = FAILURES[failureOf(response.status, code)]
    throw new LevinError(error, `status ${response.status}`, { peerMessage: text, callId: id })
  }

  async #signed(definition: SynapseDefinition, target: string, request: object) {
    const dto = describe(definition).request
    const data = dto === undefined ? request : dto.plain(dto.instance(request, 'INVALID_REQUEST'))
    const nowNs = this.#nowNs++
    const { hotkey, host, port } = this.#axon
    if (this.#door === 'btauth') {
      const body = writeJson(data)
      const signed = { method: 'POST', target, body: Buffer.from(body), receiver: hotkey, nowNs }
      return { headers: await signBtauth(this.#signer, signed), body }
    }
    const axon = { ip: host, port, hotkey }
    const asked = { definition, data, timeoutMs: TIMEOUT_MS, axon, ip: host, uuid: 'a-dendrite', nowNs }
    return synapseRequest(this.#signer, asked)
  }
}

function instanceOf(definition: SynapseDefinition, of: 'response' | 'stream', data: object): object {
  const type = definition.options[of]
  const dto = describe(definition)[of === 'stream' ? 'chunk' : 'response']
  if (typeof type !== 'function' || dto === undefined) return data
  return dto.instance(jsonReader(type)(data as never), 'INVALID_ANSWER')
}
