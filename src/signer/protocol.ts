/**
 * What a process and its signer say to each other over a Unix socket: a line of JSON for each question, and one for its
 * answer, which has the question's id. Answers may come in another order.
 *
 *   {"id":1,"ask":"hotkeys"}                                       {"id":1,"hotkeys":["5F..."]}
 *   {"id":2,"ask":"sign","hotkey":"5F...","message":"<base64>"}    {"id":2,"signature":"<base64>"}
 *                                                                  {"id":2,"refused":"why"}
 */
import { Buffer } from 'node:buffer'
import { inspect } from 'node:util'
import { LevinError } from '../errors.js'

export type Question =
  | { readonly id: number; readonly ask: 'hotkeys' }
  | { readonly id: number; readonly ask: 'sign'; readonly hotkey: string; readonly message: Uint8Array }

export type Answer =
  | { readonly id: number; readonly hotkeys: readonly string[] }
  | { readonly id: number; readonly signature: Uint8Array }
  | { readonly id: number; readonly refused: string }

/** A handshake's text has 256 bytes at most, which base64 makes 344; the rest is a hotkey and names. */
export const MAX_QUESTION_BYTES = 1024
/** One process holds this many keys at most: as many as a subnet has neurons. */
export const MAX_HOTKEYS = 256
/** All hotkeys, with quotes and commas, and the names around them. */
export const MAX_ANSWER_BYTES = MAX_HOTKEYS * 51 + 1024

/** What an address of a Unix socket holds on Linux and macOS, the shorter of the two; longer ones are cut off in silence. */
const MAX_PATH_BYTES = 103

/** @throws LevinError CONFIG */
export function checkSocketPath(where: string, path: string): void {
  const length = typeof path === 'string' ? Buffer.byteLength(path) : 0
  if (length > 0 && length <= MAX_PATH_BYTES && !path.includes('\0')) return
  throw new LevinError(
    'CONFIG',
    `${where}: the socket's path is ${inspect(path)}; it is a text of 1 to ${MAX_PATH_BYTES} bytes`,
  )
}

export function encodeQuestion(question: Question): string {
  const message = question.ask === 'sign' ? { message: base64(question.message) } : {}
  return `${JSON.stringify({ ...question, ...message })}\n`
}

export function encodeAnswer(answer: Answer): string {
  const signature = 'signature' in answer ? { signature: base64(answer.signature) } : {}
  return `${JSON.stringify({ ...answer, ...signature })}\n`
}

/** Undefined for what is no question. */
export function decodeQuestion(line: string): Question | undefined {
  const fields = decode(line)
  if (fields === undefined) return undefined
  const { id, ask, hotkey, message } = fields
  if (ask === 'hotkeys') return { id, ask }
  if (ask !== 'sign' || typeof hotkey !== 'string' || typeof message !== 'string') return undefined
  return { id, ask, hotkey, message: Buffer.from(message, 'base64') }
}

/** Undefined for what is no answer. */
export function decodeAnswer(line: string): Answer | undefined {
  const fields = decode(line)
  if (fields === undefined) return undefined
  const { id, hotkeys, signature, refused } = fields
  if (typeof refused === 'string') return { id, refused }
  if (typeof signature === 'string') return { id, signature: Buffer.from(signature, 'base64') }
  if (!Array.isArray(hotkeys) || !hotkeys.every((hotkey) => typeof hotkey === 'string')) return undefined
  return { id, hotkeys }
}

function decode(line: string): { id: number; [field: string]: unknown } | undefined {
  try {
    const fields: unknown = JSON.parse(line)
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return undefined
    const { id, ...rest } = fields as Record<string, unknown>
    return Number.isSafeInteger(id) ? { ...rest, id: id as number } : undefined
  } catch {
    return undefined
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
