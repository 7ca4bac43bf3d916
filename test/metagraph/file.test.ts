import { execFileSync } from 'node:child_process'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type MetagraphFileOptions, metagraphFile } from '../../src/metagraph/file.js'
import type { MetagraphSource } from '../../src/metagraph/source.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'
import { until } from '../support/frames.js'
import { neuronOf } from './neurons.js'

let folder: string
let path: string
let clock: FakeClock
let logger: RecordingLogger
let started: MetagraphSource[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'levin-metagraph-'))
  path = join(folder, 'metagraph.json')
  clock = new FakeClock()
  logger = new RecordingLogger()
  started = []
})

afterEach(async () => {
  await Promise.all(started.map((source) => source.stop()))
  await rm(folder, { recursive: true })
})

const one = neuronOf(2)
const other = neuronOf(3, { uid: 8, stake: 12.5, validatorPermit: true })
const config = (text: string) =>
  expect.objectContaining({ name: 'LevinError', code: 'CONFIG', message: expect.stringContaining(text) })
const write = (content: unknown): Promise<void> => writeFile(path, JSON.stringify(content))
const sourceOf = (options: MetagraphFileOptions = {}): MetagraphSource =>
  metagraphFile(path, { clock, logger, ...options })

async function start(options: MetagraphFileOptions = {}): Promise<MetagraphSource> {
  const source = sourceOf(options)
  await source.start()
  started.push(source)
  return source
}

/** The next look has happened, and the one after it is set. */
async function look(ms = 10_000): Promise<void> {
  clock.advance(ms)
  await until(() => clock.pending === 1)
}

describe('at its start', () => {
  test.each([
    ['a list', [one, other]],
    ['an object', { block: 5, neurons: [one, { ...other, rank: 'ignored' }] }],
  ])('reads %s', async (_, content) => {
    await write(content)
    const source = sourceOf()
    expect(source.neuron(one.hotkey)).toBeUndefined()
    expect(source.ageMs()).toBeUndefined()
    await source.start()
    started.push(source)
    expect([...source.neurons()]).toEqual([one, other])
    expect(source.neuron(other.hotkey)).toEqual(other)
    expect(source.ageMs()).toBe(0)
  })

  test('a byte order mark is no part of it', async () => {
    await writeFile(path, `\uFEFF${JSON.stringify([one])}`)
    expect([...(await start()).neurons()]).toEqual([one])
  })

  test.each([
    ['nothing', '', 'is not JSON'],
    ['half of it', JSON.stringify([one, other]).slice(0, -20), 'is not JSON'],
    ['bytes that are no text', Buffer.from([0x5b, 0xff, 0x5d]), 'is not JSON'],
    ['null', 'null', 'is neither a list of neurons nor'],
    ['an object without neurons', '{}', 'is neither a list of neurons nor'],
    ['an empty list', '[]', 'lists no neurons; a subnet always has some'],
    ['an object with an empty list', '{"neurons":[]}', 'lists no neurons; a subnet always has some'],
    [
      'stake in RAO',
      JSON.stringify([{ ...one, stake: 3e15 }]),
      'entry 0: stake is 3000000000000000; is it in RAO? divide by 1e9',
    ],
    [
      'stake beyond every number',
      JSON.stringify([one]).replace('100', '1e999'),
      'entry 0: stake is Infinity',
    ],
    ['an entry that is none', JSON.stringify([one, { ...other, uid: 7 }]), 'entry 1: uid is 7'],
  ])('%s is refused, naming the file', async (_, content, message) => {
    await writeFile(path, content)
    const source = sourceOf()
    await expect(source.start()).rejects.toThrow(config(message))
    await expect(source.start()).rejects.toThrow(config(path))
    expect(clock.pending).toBe(0)
  })

  test('without a file, it throws, and can be tried again', async () => {
    const source = sourceOf()
    await expect(source.start()).rejects.toThrow(config('ENOENT'))
    await expect(source.start()).rejects.toThrow(config(path))
    await write([one])
    await source.start()
    started.push(source)
    expect(source.neuron(one.hotkey)).toEqual(one)
  })

  test('neither a folder nor a pipe is read', async () => {
    await expect(metagraphFile(folder, { clock, logger }).start()).rejects.toThrow(config('not a file'))
    execFileSync('mkfifo', [path])
    await expect(sourceOf().start()).rejects.toThrow(config('not a file'))
  })

  test('a file is read up to its limit, and not over it', async () => {
    await write([one])
    const { length } = JSON.stringify([one])
    await expect(sourceOf({ maxBytes: length - 1 }).start()).rejects.toThrow(config(`it has ${length} bytes`))
    expect((await start({ maxBytes: length })).neuron(one.hotkey)).toEqual(one)
  })
})

describe('as it goes on', () => {
  test('finds what changed, and tells once', async () => {
    await write([one])
    const source = await start()
    const changed = vi.fn()
    source.onChange(changed)
    await write([one, other])
    clock.advance(9999)
    expect(clock.pending).toBe(1)
    expect(source.neuron(other.hotkey)).toBeUndefined()
    await look(1)
    expect(source.neuron(other.hotkey)).toEqual(other)
    expect(changed).toHaveBeenCalledTimes(1)
    await write({ neurons: [other, one] })
    await look()
    await look()
    expect(changed).toHaveBeenCalledTimes(1)
    expect(source.ageMs()).toBe(0)
  })

  test('finds another file of the same size under its name', async () => {
    await write([one])
    const source = await start()
    await writeFile(`${path}.new`, JSON.stringify([{ ...one, stake: 999 }]))
    await rename(`${path}.new`, path)
    await look()
    expect(source.neuron(one.hotkey)?.stake).toBe(999)
  })

  test('keeps the last data while the file is broken, grows old, and says so once for each fault', async () => {
    await write([one])
    const source = await start()
    const changed = vi.fn()
    source.onChange(changed)
    await writeFile(path, '[')
    await look()
    await look()
    expect(source.neuron(one.hotkey)).toEqual(one)
    expect(source.ageMs()).toBe(20_000)
    expect(logger.at('error')).toHaveLength(1)
    expect(logger.at('error')[0]?.message).toContain('is not JSON')
    expect(logger.at('error')[0]?.fields).toEqual({ ageMs: 10_000 })
    await rm(path)
    await look()
    await look()
    expect(logger.at('error')).toHaveLength(2)
    expect(logger.at('error')[1]?.message).toContain('ENOENT')
    await write([one])
    await look()
    expect(source.ageMs()).toBe(0)
    expect(logger.at('info')).toHaveLength(1)
    expect(changed).not.toHaveBeenCalled()
    await writeFile(path, '[')
    await look()
    expect(logger.at('error')).toHaveLength(3)
  })

  test('keeps the last data when the file has no neurons, as after a dump that failed', async () => {
    await write([one])
    const source = await start()
    const changed = vi.fn()
    source.onChange(changed)
    await write([])
    await look()
    expect([...source.neurons()]).toEqual([one])
    expect(source.ageMs()).toBe(10_000)
    expect(logger.at('error')[0]?.message).toContain('lists no neurons; a subnet always has some')
    expect(changed).not.toHaveBeenCalled()
  })

  test('a file caught in the middle of being rewritten is looked at again', async () => {
    await write([one])
    const source = await start()
    const whole = JSON.stringify([one, other])
    await writeFile(path, whole.slice(0, 150))
    await look()
    expect([...source.neurons()]).toEqual([one])
    await writeFile(path, whole)
    await look()
    expect([...source.neurons()]).toEqual([one, other])
  })

  test('reads once at a time: the next look waits for this one', async () => {
    await write([one])
    await start()
    clock.advance(10_000)
    expect(clock.pending).toBe(0)
    clock.advance(60_000)
    await until(() => clock.pending === 1)
  })

  test('a listener sees how fresh the data is that it is told of', async () => {
    await write([one])
    const source = await start()
    const ages: unknown[] = []
    source.onChange(() => ages.push(source.ageMs()))
    await write([other])
    await look()
    expect(ages).toEqual([0])
  })

  test('a listener that throws is an entry in the log', async () => {
    await write([one])
    const source = await start()
    source.onChange(() => {
      throw new Error('mine')
    })
    await write([other])
    await look()
    expect(source.neuron(other.hotkey)).toEqual(other)
    expect(logger.at('error')).toHaveLength(1)
    expect(source.ageMs()).toBe(0)
  })

  test('stops with the last who started it, also in the middle of a look', async () => {
    await write([one])
    const source = sourceOf()
    await Promise.all([source.start(), source.start()])
    await source.stop()
    expect(clock.pending).toBe(1)
    clock.advance(10_000)
    await source.stop()
    expect(clock.pending).toBe(0)
    expect(source.neuron(one.hotkey)).toEqual(one)
  })
})

describe('options', () => {
  test.each([
    [{ interval: 5 }, "no option 'interval'"],
    [{ intervalMs: 0 }, 'intervalMs is 0'],
    [{ intervalMs: 2 ** 31 }, 'intervalMs is 2147483648'],
    [{ maxBytes: 0 }, 'maxBytes is 0'],
    [{ maxBytes: 2 ** 31 }, 'maxBytes is 2147483648'],
  ])('%j is refused', (options, message) => {
    expect(() => metagraphFile(path, options as MetagraphFileOptions)).toThrow(config(message))
  })

  test('the path is needed', () => {
    expect(() => metagraphFile(undefined as never)).toThrow(config('the path is missing'))
    expect(() => metagraphFile('')).toThrow(config('the path is missing'))
  })
})
