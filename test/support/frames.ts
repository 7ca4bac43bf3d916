/** One stream of a memory link as the frames that come on it, decoded. */

import { turn } from '../../src/testing/turn.js'
import type { LinkStream, StreamEvents } from '../../src/transport/link.js'
import { FrameDecoder } from '../../src/wire/frame.js'
import { MessageType, messageTypeName } from '../../src/wire/message-type.js'
import {
  decodeHandshakeRequest,
  decodeHandshakeResponse,
  decodeStreamChunk,
  decodeStreamEnd,
  decodeSynapsePacket,
  decodeSynapseResponse,
} from '../../src/wire/messages.js'

/** A frame's message under its type's name. */
export interface Message {
  readonly type: string
  readonly [field: string]: unknown
}

const DECODERS: Readonly<Record<MessageType, (payload: Uint8Array) => object>> = {
  [MessageType.HandshakeRequest]: decodeHandshakeRequest,
  [MessageType.HandshakeResponse]: decodeHandshakeResponse,
  [MessageType.SynapsePacket]: decodeSynapsePacket,
  [MessageType.SynapseResponse]: decodeSynapseResponse,
  [MessageType.StreamChunk]: decodeStreamChunk,
  [MessageType.StreamEnd]: decodeStreamEnd,
}

function decoded(type: MessageType, payload: Uint8Array): Message {
  const { encodedData: _, ...fields } = DECODERS[type](payload) as { encodedData?: unknown }
  return { type: messageTypeName(type), ...fields }
}

export class Frames implements StreamEvents {
  readonly messages: Message[] = []
  /** How the stream ended: `end`, or why it was reset. */
  over: string | undefined
  /** The other end wants no more of what is written here. */
  stopped = false
  /** Resolves to the messages when the stream is over. */
  readonly done: Promise<Message[]>
  stream!: LinkStream
  readonly #decoder = new FrameDecoder({ onFrame: (type, payload) => this.#keep(decoded(type, payload)) })
  readonly #waiting: (() => void)[] = []
  #tellDone!: (messages: Message[]) => void

  constructor() {
    this.done = new Promise((resolve) => {
      this.#tellDone = resolve
    })
  }

  onBytes(bytes: Uint8Array): void {
    this.#decoder.push(bytes)
  }

  onEnd(): void {
    this.#finish('end')
  }

  onReset(reason: string): void {
    this.#finish(reason)
  }

  onStopped(): void {
    this.stopped = true
  }

  /** Resolves to the next message that comes after those that are there. */
  async next(): Promise<Message> {
    const at = this.messages.length
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return this.messages[at]!
  }

  #keep(message: Message): void {
    this.messages.push(message)
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  #finish(how: string): void {
    this.over = how
    this.#tellDone(this.messages)
  }
}

export { turn }

/** Resolves when `condition` holds, looked at once a loop turn. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn()
}
