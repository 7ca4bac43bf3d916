/** Answers by HTTP that are read to their end before anything is made of them. */
import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { AXON } from '../../doors/bittensor10/terminal.js'
import { parseJsonObject } from '../../doors/json/parse.js'
import { FAILURES, failureOf } from '../../doors/status.js'
import { LevinError } from '../../errors.js'
import { type AnswerMemory, type AnswerReader, UNCOUNTED_BYTES } from '../answer-memory.js'
import { peerError } from '../query.js'
import type { DoorForm, Refusal } from './door-form.js'
import type { HttpCall } from './http-call.js'

/** Of the body of a refusal: a sentence. */
const MOST_REFUSAL_BYTES = 64 * 1024

/** @throws LevinError LIMIT for a body that is larger; what ends the connection */
export async function answerBytes(
  response: IncomingMessage,
  call: HttpCall,
  most: number,
  memory: AnswerMemory,
): Promise<Uint8Array> {
  if (response.headers['content-encoding'] !== undefined)
    throw new LevinError('PROTOCOL', 'the answer is encoded, which was not asked for')
  const tooLarge = (): LevinError =>
    new LevinError('PROTOCOL', `the answer has over ${most} bytes: see maxFrameBytes`)
  if (Number(response.headers['content-length'] ?? 0) > most) throw tooLarge()
  const reader = new HeldAnswer(response, call)
  const pieces: Uint8Array[] = []
  let bytes = 0
  try {
    await new Promise<void>((resolve, reject) => {
      response.on('data', (piece: Uint8Array) => {
        bytes += piece.length
        if (bytes > most) reject(tooLarge())
        pieces.push(piece)
        if (bytes > UNCOUNTED_BYTES) memory.keeps(reader, bytes)
      })
      response.once('end', resolve)
      response.once('error', reject)
    })
  } finally {
    if (bytes > UNCOUNTED_BYTES) memory.keeps(reader, 0)
  }
  return Buffer.concat(pieces, bytes)
}

/** While the answers of others take the room, this one is not read, and its miner's time stands still. */
class HeldAnswer implements AnswerReader {
  readonly #response: IncomingMessage
  readonly #call: HttpCall

  constructor(response: IncomingMessage, call: HttpCall) {
    this.#response = response
    this.#call = call
  }

  hold(): void {
    this.#call.stopTimer()
    this.#response.pause()
  }

  goOn(): void {
    this.#call.awaitPeer()
    this.#response.resume()
  }
}

/** What an answer's head, and the body of a refusal, says went wrong; undefined for a good answer. */
export async function failureIn(response: IncomingMessage, form: DoorForm): Promise<LevinError | undefined> {
  const { statusCode = 0, headers } = response
  const said = headers[`${AXON}status_code`]
  const status = statusCode === 200 && typeof said === 'string' ? Number(said) : statusCode
  if (status === 200) return undefined
  if (!(status >= 400 && status <= 599))
    return new LevinError('PROTOCOL', `the miner answered with HTTP status ${status}`)
  const { words, code, id } = await refusalOf(response, form)
  const { error } = FAILURES[failureOf(status, code)]
  const { message, peerMessage, callId } = peerError(words ?? `HTTP status ${status}`, id)
  return new LevinError(error, message, { peerMessage, callId })
}

async function refusalOf(response: IncomingMessage, form: DoorForm): Promise<Refusal> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  for await (const piece of response as AsyncIterable<Uint8Array>) {
    bytes += piece.length
    if (bytes > MOST_REFUSAL_BYTES) return { words: undefined }
    pieces.push(piece)
  }
  try {
    return form.refusal(parseJsonObject(Buffer.concat(pieces)).data)
  } catch {
    return { words: undefined } // no JSON: the status says enough
  }
}
