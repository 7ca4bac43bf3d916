/** Whether a binary is what it is released as. */
import { readFileSync } from 'node:fs'

const ELF = '\x7fELF'
/** ELF's numbers of processors. */
const MACHINES = { x64: 62, arm64: 183 }

/**
 * Of Linux' binaries alone: those of macOS are built on it, and loaded there.
 * @param {{ os: string, cpu: string, libc?: string }} target
 * @param {string} glibc the newest version that it may ask for
 * @returns {string | undefined} what is wrong
 */
export function faultOf(file, { os, cpu, libc }, glibc) {
  if (os !== 'linux') return undefined
  const bytes = readFileSync(file)
  if (bytes.toString('latin1', 0, 4) !== ELF) return 'it is no ELF file'
  if (bytes.readUInt16LE(18) !== MACHINES[cpu]) return `it is not for ${cpu}`
  const newest = [...bytes.toString('latin1').matchAll(/GLIBC_2\.(\d+)/g)]
    .map(([, minor]) => Number(minor))
    .reduce((a, b) => Math.max(a, b), -1)
  if (libc === 'musl') return newest < 0 ? undefined : 'it asks for glibc'
  if (newest < 0) return 'it does not ask for glibc'
  return newest > Number(glibc.split('.')[1]) ? `it asks for glibc 2.${newest}` : undefined
}
