/** Who may ask by HTTP: looked at for each request, the cheapest first. It proves nothing of the next one. */
import { ReplayTable } from '../../auth/replay-table.js'
import type { Door } from '../../doors/door.js'
import type { Address } from '../../transport/link.js'
import { SourceRate } from '../../transport/source-rate.js'
import type { AccessControl } from '../access-control.js'
import type { Admission } from '../admission.js'
import type { MinerSettings } from '../options.js'
import type { Claim, HttpDoor } from './door.js'
import { Refused } from './refused.js'
import type { VisitRefusal } from './tally.js'
import type { Visitors } from './visitors.js'

const FAULTS = new Set<VisitRefusal>([
  'malformed request',
  'body too large',
  'unknown synapse',
  'not verified',
  'not admitted',
  'wrong signature',
  'replayed',
])

export interface GateHost {
  readonly access: AccessControl
  readonly admission: Admission
  readonly settings: Pick<MinerSettings, 'clock'>
}

export class Gate {
  readonly #host: GateHost
  readonly #visitors: Visitors
  readonly #failures: SourceRate
  readonly #replays = new Map<Door, ReplayTable>()
  #unprovedBytes: number

  /** @param unprovedBytes that may be kept of callers who have not proved who they are */
  constructor(host: GateHost, visitors: Visitors, doors: readonly HttpDoor[], unprovedBytes: number) {
    this.#host = host
    this.#visitors = visitors
    this.#failures = new SourceRate(host.settings.clock)
    this.#unprovedBytes = unprovedBytes
    for (const { name, replaySeconds } of doors) this.#replays.set(name, new ReplayTable(replaySeconds))
  }

  /** Whether an address had so many requests refused that it is not listened to for now. */
  isShut(host: string): boolean {
    return this.#failures.isOver(host, this.#host.admission.rate.most(host))
  }

  /** Strangers' faults count, as often as handshakes may be tried; that we are short of something does not. */
  refused(refusal: VisitRefusal, host: string): void {
    if (FAULTS.has(refusal)) this.#failures.attempt(host, this.#host.admission.rate.most(host))
  }

  /** @throws Refused whom the access policy does not let in */
  async admit({ hotkey }: Claim, remote: Address): Promise<void> {
    const objection = await this.#host.access.objection({ hotkey, remote })
    if (objection !== undefined) throw new Refused('not admitted', 'forbidden', { detail: objection })
  }

  /** @throws Refused for a signature that is none, and a request that was there before */
  prove(claim: Claim, door: Door, body: Uint8Array, { host }: Address): void {
    const { admission, settings } = this.#host
    if (!admission.takesVerify(claim.hotkey, host, this.#visitors.isKnown(claim.hotkey)))
      throw new Refused('too many signature checks', 'tooMany')
    const disproof = claim.disproof(body)
    if (disproof !== undefined) throw new Refused('wrong signature', 'notVerified', { words: disproof })
    const recorded = this.#replays.get(door)!.record(claim.hotkey, claim.nonce, settings.clock.unixMs())
    if (recorded === 'full') throw new Refused('too many validators', 'tooMany')
    if (recorded === 'used') throw new Refused('replayed', 'notVerified', { words: claim.ifReplayed })
  }

  /**
   * Bytes of a body came that nobody has signed for yet.
   * @returns how many of them count, until they are given back; undefined when there is no room
   */
  keepsUnproved(bytes: number, host: string): number | undefined {
    if (this.#host.admission.rate.isKnown(host)) return 0
    if (this.#unprovedBytes < bytes) return undefined
    this.#unprovedBytes -= bytes
    return bytes
  }

  givesBack(bytes: number): void {
    this.#unprovedBytes += bytes
  }
}
