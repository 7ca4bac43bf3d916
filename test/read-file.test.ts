import { appendFile, type FileHandle, mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { readFile } from '../src/read-file.js'

/** What another process does to the file once it is opened and measured. */
let meanwhile: () => Promise<void>

vi.mock(import('node:fs/promises'), async (original) => {
  const real = await original()
  const opened = async (...args: Parameters<typeof open>): Promise<FileHandle> => {
    const handle = await real.open(...args)
    const read = handle.read.bind(handle) as (...given: unknown[]) => Promise<{ bytesRead: number }>
    const late = async (...given: unknown[]) => {
      await meanwhile()
      return read(...given)
    }
    return Object.assign(handle, { read: late as unknown as FileHandle['read'] })
  }
  return { ...real, open: opened as typeof open }
})

let folder: string
let path: string

beforeEach(async () => {
  meanwhile = async () => {}
  folder = await mkdtemp(join(tmpdir(), 'levin-read-'))
  path = join(folder, 'file')
  await writeFile(path, 'whole')
})

afterEach(() => rm(folder, { recursive: true }))

test('the whole file', async () => {
  expect((await readFile(path, 5)).toString()).toBe('whole')
})

test('an empty file', async () => {
  await writeFile(path, '')
  expect(await readFile(path, 5)).toHaveLength(0)
})

describe('a file that is written to while it is read is not taken', () => {
  test.each([
    ['longer', () => appendFile(path, ' and more')],
    ['shorter', () => truncate(path, 2)],
    ['other', () => writeFile(path, 'other')],
  ])('%s', async (_, change) => {
    meanwhile = change
    await expect(readFile(path, 100)).rejects.toThrow('written to while it was read')
    meanwhile = async () => {}
    await expect(readFile(path, 100)).resolves.toBeInstanceOf(Buffer)
  })
})
