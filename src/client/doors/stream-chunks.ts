/** Streams by HTTP: bytes as they come, or lines of JSON. A slow reader slows the miner down. */
import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { LevinError } from '../../errors.js'
import type { Meter } from '../exchange.js'
import type { HttpCall } from './http-call.js'

const NEWLINE = 0x0a

/** @param most bytes of all together @throws LevinError LIMIT; what ends the connection */
export async function* piecesOf(
  response: IncomingMessage,
  call: HttpCall,
  most: number,
  meter: Meter,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0
  call.awaitPeer()
  for await (const piece of response as AsyncIterable<Uint8Array>) {
    bytes += piece.length
    meter.bytesIn += piece.length
    if (bytes > most) throw new LevinError('LIMIT', `the stream has over ${most} bytes: see maxStreamBytes`)
    call.stopTimer() // it is the reader who is slow now
    yield piece
    call.awaitPeer()
  }
}

/** @param most bytes of one line @throws LevinError PROTOCOL for a longer one */
export async function* linesOf(
  pieces: AsyncIterable<Uint8Array>,
  most: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let begun: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    let start = 0
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      begun.push(piece.subarray(start, end))
      const line = Buffer.concat(begun)
      begun = []
      bytes = 0
      start = end + 1
      if (line.length > 0) yield line
    }
    begun.push(piece.subarray(start))
    bytes += piece.length - start
    if (bytes > most) throw new LevinError('PROTOCOL', `a line of the stream has over ${most} bytes`)
  }
  if (bytes > 0) yield Buffer.concat(begun)
}
