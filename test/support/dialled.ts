/** Links that a dialler gives, with the network in the test's hands. */
import { acceptHandshake } from '../../src/auth/handshake.js'
import type { Dialler } from '../../src/transport/engine.js'
import type { Link, LinkEvents } from '../../src/transport/link.js'
import { encodeHandshakeResponse, type HandshakeRequest } from '../../src/wire/messages.js'
import { minerSigner } from './hotkeys.js'
import { ScriptedMiner } from './scripted-miner.js'
import { fingerprint } from './served-miner.js'

/** A link to a miner, which is established when the test says so. */
export class Dialled {
  readonly link: Link
  readonly events: LinkEvents
  closedWith: string | undefined
  isSilent = false
  signer = minerSigner

  constructor(events: LinkEvents) {
    this.events = events
    const miner: ScriptedMiner = new ScriptedMiner(async (stream, message) => {
      if (this.isSilent) return
      const request = message as unknown as HandshakeRequest
      const { signer } = this
      const now = miner.clock.unixMs()
      stream.end(encodeHandshakeResponse(await acceptHandshake({ signer, request, fingerprint, now })))
    })
    this.link = miner.validatorLink
    this.link.close = (_, reason) => {
      this.closedWith = reason
    }
  }
}

export function scriptedDialler(): { dialler: Dialler; dialled: Dialled[] } {
  const dialled: Dialled[] = []
  const dialler: Dialler = {
    dial: async (_, events) => {
      const one = new Dialled(events)
      dialled.push(one)
      return one.link
    },
    close: () => {},
  }
  return { dialler, dialled }
}
