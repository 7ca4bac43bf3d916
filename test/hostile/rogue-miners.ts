/**
 * Miners of which each breaks another rule: `rogue-miners.js FILE TIMES`, so many of each kind. Writes into FILE, as JSON,
 * their axons and kinds, and says `listening` and the first port. What a validator should make of each is in KINDS.
 */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { encode } from '@msgpack/msgpack'
import { certificateFingerprint } from '../../src/auth/fingerprint.js'
import { acceptHandshake } from '../../src/auth/handshake.js'
import { type Signer, seedSigner } from '../../src/auth/signer.js'
import { createCertificate } from '../../src/transport/certificate.js'
import type { Link, LinkStream } from '../../src/transport/link.js'
import { checkEngine, loadEngine } from '../../src/transport/load-engine.js'
import { defaultQuicOptions } from '../../src/transport/quic-options.js'
import { FrameDecoder } from '../../src/wire/frame.js'
import { MessageType } from '../../src/wire/message-type.js'
import {
  decodeHandshakeRequest,
  encodeHandshakeResponse,
  encodeStreamChunk,
  encodeSynapseResponse,
} from '../../src/wire/messages.js'

const MIB = 1024 * 1024
/** What an answer may have, with its frame's own words left out. */
const LARGEST = 64 * MIB - 1024
const DRIBBLE_MS = 200
const LATE_MS = 100

interface Kind {
  /** With which certificate's fingerprint it signs. Default: its own. */
  readonly signsForAnother?: boolean
  readonly answer: (stream: LinkStream, link: Link) => void
}

function head(type: number, length: number): Buffer {
  const bytes = Buffer.alloc(5)
  bytes[0] = type
  bytes.writeUInt32BE(length, 1)
  return bytes
}

/** A SynapseResponse whose `data` is these bytes. */
function response(data: Uint8Array): Buffer {
  const payload = Buffer.concat([Buffer.from([0x94, 0xc3]), data, Buffer.from([0x01, 0xc0])])
  return Buffer.concat([head(MessageType.SynapseResponse, payload.length), payload])
}

const largest = Buffer.alloc(LARGEST, 0x5a)

/** The names are those of `beside-hostile.ts`, which knows what each is reported as. */
const KINDS: Readonly<Record<string, Kind>> = {
  junk: { answer: (stream) => stream.end(randomBytes(1000)) },
  'huge length': {
    answer: (stream) =>
      stream.end(Buffer.concat([head(MessageType.SynapseResponse, 2 ** 32 - 1), randomBytes(100)])),
  },
  'endless frame': {
    answer(stream) {
      stream.write(head(MessageType.SynapseResponse, 32 * MIB))
      const timer = setInterval(() => stream.write(Buffer.alloc(10)), DRIBBLE_MS)
      stream.events = { ...stream.events, onBytes() {}, onEnd() {}, onReset: () => clearInterval(timer) }
    },
  },
  'endless stream': {
    answer(stream) {
      const chunk = encodeStreamChunk({ data: Buffer.alloc(MIB) })
      const more = (): void => {
        while (stream.write(chunk)) {
          // as much as there is room for
        }
      }
      stream.events = { onBytes() {}, onEnd() {}, onReset() {}, onDrain: more }
      more()
    },
  },
  'another certificate': { signsForAnother: true, answer: (stream) => stream.end() },
  'no answer': { answer: () => {} },
  'answer after the close': {
    answer(stream, link) {
      stream.write(response(encode({})).subarray(0, 7))
      link.close(0, 'done')
      setTimeout(() => stream.end(response(encode({}))), LATE_MS)
    },
  },
  'decode bomb': {
    answer(stream) {
      const list = Buffer.concat([
        Buffer.from([0x81, 0xa1, 0x6b, 0xdd, 0, 0x80, 0, 0]),
        Buffer.alloc(8 * MIB, 0x80),
      ])
      stream.end(response(list))
    },
  },
  'answer of 64 MiB': {
    answer: (stream) =>
      stream.end(
        encodeSynapseResponse({ success: true, data: { payload: largest }, timestamp: 0, error: null }),
      ),
  },
}

const { engine } = await loadEngine(checkEngine('the rogue miners', undefined))

async function start(kind: Kind, signer: Signer): Promise<number> {
  const certificate = createCertificate()
  const shown = kind.signsForAnother === true ? createCertificate() : certificate
  const fingerprint = certificateFingerprint(shown.der)
  const shake = async (stream: LinkStream, payload: Uint8Array): Promise<void> => {
    const request = decodeHandshakeRequest(payload)
    const accepted = await acceptHandshake({ signer, request, fingerprint, now: Date.now() })
    stream.end(encodeHandshakeResponse(accepted))
  }
  const onStream = (stream: LinkStream, link: Link): void => {
    const frames = new FrameDecoder({
      onFrame(type, payload) {
        if (type === MessageType.HandshakeRequest) void shake(stream, payload)
        else kind.answer(stream, link)
      },
    })
    stream.events = { onBytes: (bytes) => frames.push(bytes), onEnd() {}, onReset() {} }
  }
  const listener = await engine.listen({
    host: '127.0.0.1',
    port: 0,
    certificate,
    quic: defaultQuicOptions,
    onConnection(link) {
      link.trust()
      link.events = { onStream: (stream) => onStream(stream, link) }
    },
  })
  return listener.address.port
}

const [file, times] = [process.argv[2]!, Number(process.argv[3])]
const listed: { kind: string; axon: { hotkey: string; host: string; port: number } }[] = []
for (let time = 0; time < times; time++) {
  for (const [name, kind] of Object.entries(KINDS)) {
    const signer = seedSigner(randomBytes(32))
    const port = await start(kind, signer)
    listed.push({ kind: name, axon: { hotkey: signer.hotkey, host: '127.0.0.1', port } })
  }
  const deaf = createSocket('udp4').bind(0, '127.0.0.1')
  await once(deaf, 'listening')
  const { hotkey } = seedSigner(randomBytes(32))
  listed.push({ kind: 'nobody there', axon: { hotkey, host: '127.0.0.1', port: deaf.address().port } })
}
writeFileSync(file, JSON.stringify(listed))
console.log(`listening ${listed[0]!.axon.port}`)
