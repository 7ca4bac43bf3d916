/** Who may come in at all: asked once a handshake, before its signature is looked at, and again when data changes. */
import { inspect } from 'node:util'
import { LevinError } from '../../errors.js'
import type { Address } from '../../transport/link.js'

/** Who asks to come in. The hotkey is what the peer claims; it is proved right after. */
export interface Applicant {
  /** SS58. */
  readonly hotkey: string
  readonly remote: Address
}

/** Why somebody may not come in, for the log and the observers; `undefined` lets them in. */
export type Objection = string | undefined

/**
 * A rule about who may come in. One that throws, rejects or needs longer than a handshake may take admits nobody, and
 * closes nobody who is here, for two hours at most.
 */
export interface AccessRule {
  /** As it was written, for the log and `stats()`: `minStake(1000)`. */
  readonly name: string
  /** Says why an applicant may not come in; `undefined` admits. */
  objection(applicant: Applicant): Objection | Promise<Objection>
  /** Calls `look` whenever an answer may have become another one; the returned function ends that. */
  onChange?(look: () => void): () => void
  /**
   * Before the miner binds its port. What it throws stops `listen`. However many policies and miners use a rule, it is
   * started with the first of them and stopped with the last.
   */
  start?(): void | Promise<void>
  /** After the last miner or policy that uses it has closed. */
  stop?(): void | Promise<void>
  /** Milliseconds since what it knows was known to be true; undefined for what does not age, or is not there yet. */
  ageMs?(): number | undefined
}

/** What `access`, `any` and `all` take: a rule, or a function that says whether the applicant may come in. */
export type AccessPolicy = AccessRule | ((applicant: Applicant) => boolean | Promise<boolean>)

/**
 * A policy as a rule. A function admits with `true` and with nothing else.
 * @throws LevinError CONFIG for what is neither
 */
export function ruleOf(policy: AccessPolicy): AccessRule {
  if (typeof policy === 'function') {
    const name = policy.name || 'a function'
    return {
      name,
      async objection(applicant) {
        const answer: unknown = await policy(applicant)
        if (answer === true) return undefined
        if (answer === false) return `${name} said no`
        return `${name} gave ${inspect(answer, { depth: 0 })}, and not true or false; write ${name}() if it makes a rule`
      },
    }
  }
  if (typeof policy?.objection === 'function') return policy
  throw new LevinError(
    'CONFIG',
    `${inspect(policy, { depth: 0 })} is no access policy; it is allowlist([hotkey, ...]) or another rule, ` +
      'or a function ({ hotkey }) => true or false',
  )
}
