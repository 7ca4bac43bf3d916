import { Egress } from '../../src/server/egress.js'
import { Session } from '../../src/server/session.js'
import { memoryLinks } from '../../src/testing/memory/link.js'
import type { Address } from '../../src/transport/link.js'

/** A connection of somebody, with the limits that strangers have by default. */
export const sessionAt = (remote: Address): Session =>
  new Session(
    remote,
    { strangerStreams: 8, strangerBytes: 96 * 1024 },
    new Egress(memoryLinks(Buffer.alloc(0)).miner, 64 * 1024 * 1024),
  )
