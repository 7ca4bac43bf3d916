/** Who may come in at all: asked once a handshake, before its signature is looked at. */
import { decodeHotkey } from '../../auth/ss58.js'
import { LevinError } from '../../errors.js'
import type { Address } from '../../transport/link.js'

/** Who asks to come in. The hotkey is what the peer claims; it is proved right after. */
export interface Applicant {
  readonly hotkey: string
  readonly remote: Address
}

/** Answers whether an applicant may come in. One that throws or rejects admits nobody. */
export type AccessPolicy = (applicant: Applicant) => boolean | Promise<boolean>

/**
 * Admits these hotkeys and nobody else; an empty list admits nobody.
 * @throws LevinError CONFIG for what is not an SS58 hotkey
 */
export function allowlist(hotkeys: Iterable<string>): AccessPolicy {
  if (typeof hotkeys === 'string') {
    throw new LevinError('CONFIG', 'allowlist takes a list of hotkeys: write allowlist([hotkey])')
  }
  const admitted = new Set(hotkeys)
  for (const hotkey of admitted) decodeHotkey(hotkey)
  return ({ hotkey }) => admitted.has(hotkey)
}

const everybody: AccessPolicy = () => true

/** Admits every hotkey that can sign. The miner warns of it when it starts. */
export function open(): AccessPolicy {
  return everybody
}

export const isOpen = (policy: AccessPolicy): boolean => policy === everybody
