/** Standard output: for people, or with `--json` one JSON value a line and nothing else. */
import type { LevinError } from '../errors.js'

export class Output {
  readonly isJson: boolean

  constructor(isJson: boolean) {
    this.isJson = isJson
  }

  /** For people alone. */
  say(text: string): void {
    if (!this.isJson) process.stdout.write(`${text}\n`)
  }

  /** For programs alone. */
  json(value: unknown): void {
    if (this.isJson) process.stdout.write(`${JSON.stringify(value, plain)}\n`)
  }

  /** As it is, with no line of its own: what was asked for, not what is said of it. */
  raw(text: string | Uint8Array): void {
    process.stdout.write(text)
  }

  failed(error: LevinError): void {
    const { code, message, peerMessage, callId } = error
    if (this.isJson) this.json({ error: { code, message, peerMessage, callId } })
    else process.stderr.write(`levin: ${message}\n`)
  }
}

/** What JSON has no word for, as text. */
const plain = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value
