import type { AccessPolicy, AccessRule } from './rule.js'

const everybody: AccessRule = { name: 'open()', objection: () => undefined }

/** Admits every hotkey that can sign. The miner warns of it when it starts. */
export function open(): AccessRule {
  return everybody
}

export const isOpen = (policy: AccessPolicy): boolean => policy === everybody
