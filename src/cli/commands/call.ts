import { Validator } from '../../client/validator.js'
import { type ConfigOptions, chainOptions, walletOptions } from '../../config/options.js'
import { signerFrom } from '../../config/parts.js'
import { synapse } from '../../contract/definition.js'
import type { Door } from '../../doors/door.js'
import { LevinError, type LevinErrorCode } from '../../errors.js'
import { consoleLogger } from '../../logger.js'
import { decodeValue } from '../../wire/msgpack.js'
import { ErrorText } from '../../wire/protocol-texts.js'
import { isMapMarker } from '../../wire/value.js'
import { defineCommand } from '../command.js'
import { Exit } from '../exit-codes.js'
import { jsonOf, requestOf } from '../json-data.js'
import type { Output } from '../output.js'
import { targetOptions } from '../shared-options.js'
import { onlyOne, targetOf } from '../target.js'

const options = {
  ...targetOptions,
  stream: { type: 'flag', help: 'the answer is a stream: its chunks as they come' },
  door: {
    type: 'text',
    default: 'quic',
    help: 'how it is asked: quic, or by HTTP btauth or bittensor10',
    value: 'DOOR',
  },
  'timeout-ms': {
    type: 'integer',
    least: 1,
    most: 2 ** 31 - 1,
    default: 12_000,
    help: 'for connecting, and then for the answer',
    value: 'MS',
  },
  ...walletOptions,
  ...chainOptions,
} as const satisfies ConfigOptions

export const command = defineCommand({
  usage: 'call SYNAPSE [JSON | @FILE | -] --to HOTKEY@HOST:PORT [--door DOOR] [--stream] [OPTIONS]',
  about: `Asks a miner, of Levin's or another, as the validator whose wallet is given, and prints the answer as JSON.
Bytes are {"$bytes": "base64"}, both ways.`,
  options,
  file: 'validator.json',
  positionals: { least: 1, most: 2 },
  async run(values, [name, json = '{}'], output) {
    const to = onlyOne(values.to)
    const request = await requestOf(json)
    const timeoutMs = values['timeout-ms']
    const logger = consoleLogger('error')
    const axon = { ...(await targetOf(to, values)), door: values.door as Door }
    const validator = new Validator({
      signer: await signerFrom(values, consoleLogger('warn')),
      logger,
      connectTimeoutMs: timeoutMs,
    })
    try {
      if (values.stream) {
        const chunks = validator.stream(axon, synapse(name!, { stream: true }), request, { timeoutMs })
        for await (const chunk of chunks) show(chunk, output)
        return Exit.done
      }
      const { data, latencyMs } = await validator.query(axon, synapse(name!, {}), request, { timeoutMs })
      output.json({ data: jsonOf(data), latencyMs })
      output.say(JSON.stringify(jsonOf(data), undefined, 2))
      if (!output.isJson) process.stderr.write(`${latencyMs.toFixed(1)} ms\n`)
      return Exit.done
    } catch (error) {
      throw withCure(LevinError.from(error))
    } finally {
      validator.close()
    }
  },
})

/** Bytes as they are, for who pipes them on; a map, as `stream: SomeClass` sends them, as a line of JSON. */
function show(chunk: Uint8Array, output: Output): void {
  const map = mapIn(chunk)
  output.json({ chunk: jsonOf(map ?? chunk) })
  if (output.isJson) return
  if (map === undefined) output.raw(chunk)
  else output.say(JSON.stringify(jsonOf(map)))
}

/** No text begins with these bytes in UTF-8. */
function mapIn(chunk: Uint8Array): unknown {
  if (chunk[0] === undefined || !isMapMarker(chunk[0])) return undefined
  try {
    return decodeValue(chunk)
  } catch {
    return undefined
  }
}

const CURES: Partial<Record<LevinErrorCode, string>> = {
  CANNOT_CONNECT: 'is the miner running, is the address right, and does a firewall let UDP through?',
  WRONG_PEER: 'another miner answers there: look at the hotkey in --to',
}

const PEER_CURES: Readonly<Record<string, string>> = {
  [ErrorText.unrecognizedSynapseType]: 'names are case-sensitive',
  [ErrorText.invalidRequestFormat]: "the miner's log names the property",
}

function withCure(error: LevinError): LevinError {
  const cure = CURES[error.code] ?? PEER_CURES[error.peerMessage ?? '']
  return cure === undefined
    ? error
    : new LevinError(error.code, `${error.message}; ${cure}`, { ...error, cause: error })
}
