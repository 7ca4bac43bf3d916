/** A release's binary is for its processor, and asks for no libc that is too new, or another. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'

const { faultOf } = (await import(new URL('../../scripts/inspect-binary.mjs', import.meta.url).href)) as {
  faultOf(file: string, target: { os: string; cpu: string; libc?: string }, glibc: string): string | undefined
}

const folder = mkdtempSync(join(tmpdir(), 'levin-binary-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The first bytes of an ELF file, then names of symbol versions. */
function binary(machine: number, ...versions: string[]): string {
  const header = Buffer.alloc(64)
  header.write('\x7fELF', 'latin1')
  header.writeUInt16LE(machine, 18)
  const file = join(folder, 'binary')
  writeFileSync(file, Buffer.concat([header, Buffer.from(`\0${versions.join('\0')}\0`)]))
  return file
}

const X64 = 62
const ARM64 = 183
const glibc = { os: 'linux', cpu: 'x64', libc: 'glibc' }
const musl = { os: 'linux', cpu: 'arm64', libc: 'musl' }

test.each([
  ['one that fits', glibc, X64, ['GLIBC_2.2.5', 'GLIBC_2.17'], undefined],
  [
    'a glibc that is too new',
    glibc,
    X64,
    ['GLIBC_2.17', 'GLIBC_2.34', 'GLIBC_2.4'],
    'it asks for glibc 2.34',
  ],
  ['no glibc at all', glibc, X64, [], 'it does not ask for glibc'],
  ['another processor', glibc, ARM64, ['GLIBC_2.17'], 'it is not for x64'],
  ['one for musl', musl, ARM64, [], undefined],
  ['glibc where musl is meant', musl, ARM64, ['GLIBC_2.17'], 'it asks for glibc'],
])('%s', (_, target, machine, versions, fault) => {
  expect(faultOf(binary(machine, ...versions), target, '2.17')).toBe(fault)
})

test('a file of another kind', () => {
  const file = join(folder, 'text')
  writeFileSync(file, 'a text')
  expect(faultOf(file, glibc, '2.17')).toBe('it is no ELF file')
})
