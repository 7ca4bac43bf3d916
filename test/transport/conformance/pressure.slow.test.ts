/** Who reads slowly stops who writes, and nothing is lost. */
import { expect, test } from 'vitest'
import type { LinkStream } from '../../../src/transport/link.js'
import { KIB, MIB, NOBODY, onQuicPairs, Received, until } from './pairs.js'

/** What is under way at most: the window of a stream, and what an engine keeps until it is acknowledged. */
const MOST_HELD = 10 * MIB
const TOTAL = 32 * MIB
const chunk = Buffer.alloc(64 * KIB, 7)

/** Writes `TOTAL` bytes, as fast as they are taken. */
class Pump {
  written = 0
  readonly #stream: LinkStream

  constructor(stream: LinkStream) {
    this.#stream = stream
  }

  readonly run = (): void => {
    while (this.written < TOTAL) {
      this.written += chunk.length
      if (!this.#stream.write(chunk)) return
    }
    this.#stream.end()
  }
}

/** Reads a piece a loop turn. */
function slowly(stream: () => LinkStream, read: (bytes: number) => void, onEnd: () => void) {
  const onBytes = (bytes: Uint8Array): void => {
    read(bytes.length)
    stream().pause()
    setImmediate(() => stream().resume())
  }
  return { onBytes, onEnd, onReset: () => {} }
}

onQuicPairs('back-pressure', ({ meet }) => {
  test('of a client holds up the server', async () => {
    let pump!: Pump
    const { open } = await meet({
      onStream: (stream) => {
        pump = new Pump(stream)
        stream.events = { ...NOBODY, onEnd: pump.run, onDrain: pump.run }
      },
    })
    let got = 0
    let held = 0
    let ended = false
    const stream: LinkStream = await open(
      slowly(
        () => stream,
        (bytes) => {
          got += bytes
          held = Math.max(held, pump.written - got)
        },
        () => {
          ended = true
        },
      ),
    )
    stream.end()
    await until(() => ended)
    expect(got).toBe(TOTAL)
    expect(held).toBeLessThan(MOST_HELD)
  })

  test('of a server holds up the client', async () => {
    let got = 0
    let held = 0
    let ended = false
    let pump: Pump | undefined
    const { open } = await meet({
      onStream: (stream) => {
        const read = (bytes: number): void => {
          got += bytes
          held = Math.max(held, pump!.written - got)
        }
        stream.events = slowly(
          () => stream,
          read,
          () => {
            ended = true
          },
        )
      },
    })
    const stream = await open({ ...NOBODY, onDrain: () => pump!.run() })
    pump = new Pump(stream)
    pump.run()
    await until(() => ended)
    expect(got).toBe(TOTAL)
    expect(held).toBeLessThan(MOST_HELD)
  })

  test('of one stream does not hold up the others', async () => {
    const { open, ask } = await meet({
      onStream: (stream) => {
        stream.events = { ...NOBODY, onEnd: () => stream.end(Buffer.alloc(2 * MIB)) }
      },
    })
    const held = new Received()
    const stuck: LinkStream = await open({
      onBytes: (bytes) => {
        held.onBytes(bytes)
        stuck.pause()
      },
      onEnd: () => held.onEnd(),
      onReset: (reason) => held.onReset(reason),
    })
    stuck.end()
    await until(() => held.length > 0)
    for (let i = 0; i < 3; i++) expect(await ask(Buffer.alloc(0))).toHaveLength(2 * MIB)
    expect(held.length).toBeLessThan(2 * MIB)
    stuck.resume()
    await until(() => {
      stuck.resume()
      return held.told.includes('end')
    })
    expect(held.length).toBe(2 * MIB)
  })
})
