/** Datagrams of any kind, sent to a listener beside an honest client: `LEVIN_FUZZ=1000000` sends a million. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, expect, test } from 'vitest'
import { createCertificate } from '../../../src/transport/certificate.js'
import { defaultQuicOptions } from '../../../src/transport/quic-options.js'
import { loadQuinn } from '../../../src/transport/quinn/engine.js'
import { dial, echo } from '../../support/quic-pair.js'
import { describeQuinn } from '../../support/quinn.js'
import { relayTo } from '../../support/udp-relay.js'
import { seed, seeded } from '../../wire/seeded.js'

const COUNT = Number(process.env.LEVIN_FUZZ ?? 100_000)
const MIB = 1024 * 1024

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describeQuinn('random and mutated datagrams', () => {
  test.each([true, false])(
    'cost an honest client nothing, and no memory, with address validation %s',
    { timeout: 600_000 },
    async (validateAddress) => {
      console.log(`LEVIN_SEED=${seed}`)
      const random = seeded(seed)
      const engine = loadQuinn()
      const listener = await engine.listen({
        host: '127.0.0.1',
        port: 0,
        certificate: createCertificate(),
        quic: defaultQuicOptions,
        validateAddress,
        onConnection: (link) => {
          link.events = { onStream: echo }
          link.trust()
        },
      })
      closing.push(() => listener.close('server_shutdown'))
      const relay = await relayTo(listener.address.port)
      closing.push(() => relay.close())
      const client = await dial(relay.port, {}, '127.0.0.1', engine)
      closing.push(() => client.link.close(0, 'done'))
      for (let n = 0; n < 20; n++) await client.ask(random.bytes(random.int(3000)))
      const honest = relay.fromClient.slice()
      const stranger = createSocket('udp4')
      stranger.bind(0, '127.0.0.1')
      await once(stranger, 'listening')
      closing.push(() => stranger.close())

      const hostile = (): Buffer => {
        if (random.int(4) === 0) {
          const noise = random.bytes(1 + random.int(1400))
          if (random.int(2) === 0) return noise
          const initial = Buffer.concat([noise, Buffer.alloc(Math.max(0, 1200 - noise.length))])
          initial[0] = 0xc0 | random.int(16)
          initial.writeUInt32BE(1, 1)
          return initial
        }
        const mutated = Buffer.from(honest[random.int(honest.length)]!)
        for (let n = random.int(8); n >= 0; n--) mutated[random.int(mutated.length)] = random.int(256)
        return mutated.subarray(0, random.int(8) === 0 ? 1 + random.int(mutated.length) : mutated.length)
      }
      const resident = (): number => process.memoryUsage().rss
      let before = 0
      for (let sent = 0; sent < COUNT; sent++) {
        if (sent === COUNT / 10) before = resident() // by then everything has been compiled and allocated once
        const datagram = hostile()
        if (sent % 2 === 0) relay.sendAsClient(datagram)
        else stranger.send(datagram, listener.address.port, '127.0.0.1')
        if (sent % 500 === 0) expect((await client.ask(Buffer.from(`${sent}`))).toString()).toBe(`${sent}`)
      }
      expect((await client.ask(Buffer.from('after'))).toString()).toBe('after')
      const grown = resident() - before
      console.log(
        `${COUNT} datagrams, memory ${(grown / MIB).toFixed(1)} MiB more, ${JSON.stringify(listener.stats())}`,
      )
      expect(grown).toBeLessThan(16 * MIB)
    },
  )
})
