import { Buffer } from 'node:buffer'
import { LevinError } from '../errors.js'

const NEWLINE = 0x0a

/** Bytes as they come to whole lines, of which none is longer than a limit. */
export class Lines {
  readonly #maxBytes: number
  #begun = Buffer.alloc(0)

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** The lines that end in this chunk, without their ends. @throws LevinError PROTOCOL for one that is too long */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = []
    let rest = Buffer.concat([this.#begun, chunk])
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      this.#check(end)
      lines.push(rest.toString('utf8', 0, end))
      rest = rest.subarray(end + 1)
    }
    this.#check(rest.length)
    this.#begun = Buffer.from(rest)
    return lines
  }

  #check(bytes: number): void {
    if (bytes > this.#maxBytes)
      throw new LevinError('PROTOCOL', `a line has more than ${this.#maxBytes} bytes`)
  }
}
