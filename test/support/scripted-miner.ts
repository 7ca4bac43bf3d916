/** The miner's end of a connection, saying what the test wants it to say. */

import { checkValidatorOptions, type ValidatorSettings } from '../../src/client/options.js'
import type { Clock } from '../../src/clock.js'
import type { ValidatorOptions } from '../../src/index.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { type MemoryLink, memoryLinks } from '../../src/testing/memory/link.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import type { LinkStream } from '../../src/transport/link.js'
import { encodeStreamChunk, encodeStreamEnd, encodeSynapseResponse } from '../../src/wire/messages.js'
import { Frames, type Message } from './frames.js'
import { validatorSigner } from './hotkeys.js'
import { certificate } from './served-miner.js'

/** What the miner does with a request. */
export type Script = (stream: LinkStream, request: Message) => void

export const answer = (data: object = {}, error: string | null = null): Uint8Array =>
  encodeSynapseResponse({ success: error === null, data, timestamp: 0, error })
export const chunk = (data: Uint8Array | string): Uint8Array => encodeStreamChunk({ data: Buffer.from(data) })
export const end = (error: string | null = null): Uint8Array =>
  encodeStreamEnd({ success: error === null, error })

export class ScriptedMiner {
  readonly clock = new FakeClock()
  readonly log = new RecordingLogger()
  readonly link: MemoryLink
  readonly validatorLink: MemoryLink
  /** The miner's side of each stream, in the order of their opening. */
  readonly streams: Frames[] = []
  script: Script

  constructor(script: Script) {
    this.script = script
    const { miner, validator } = memoryLinks(certificate)
    this.link = miner
    this.validatorLink = validator
    miner.events = { onStream: (stream) => this.#open(stream) }
  }

  get requests(): Message[] {
    return this.streams.flatMap(({ messages }) => messages)
  }

  settings(options: Partial<ValidatorOptions> = {}): ValidatorSettings {
    const clock: Clock = this.clock
    return checkValidatorOptions({ signer: validatorSigner, clock, logger: this.log, ...options })
  }

  #open(stream: LinkStream): void {
    const frames = new Frames()
    frames.stream = stream
    stream.events = frames
    this.streams.push(frames)
    void frames.next().then((request) => this.script(stream, request))
  }
}
