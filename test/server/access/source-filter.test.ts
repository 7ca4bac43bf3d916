import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type InMemoryMetagraph, inMemoryMetagraph } from '../../../src/metagraph/in-memory.js'
import type { AllowedHosts } from '../../../src/server/access/resolved-hosts.js'
import {
  type LearnOptions,
  type SourceFilter,
  type SourceFilterOptions,
  sourceFilter,
} from '../../../src/server/access/source-filter.js'
import { FakeClock } from '../../../src/testing/fake-clock.js'
import { RecordingLogger } from '../../../src/testing/recording-logger.js'
import { neuronOf } from '../../metagraph/neurons.js'
import { turn, until } from '../../support/frames.js'
import { signerOf } from '../../support/hotkeys.js'

const [big, middle, small] = [signerOf(2).hotkey, signerOf(3).hotkey, signerOf(4).hotkey]
const config = (text: string) =>
  expect.objectContaining({ name: 'LevinError', code: 'CONFIG', message: expect.stringContaining(text) })

let clock: FakeClock
let logger: RecordingLogger
let started: SourceFilter[]

beforeEach(() => {
  clock = new FakeClock()
  logger = new RecordingLogger()
  started = []
})

afterEach(async () => {
  await Promise.all(started.map((filter) => filter.stop()))
})

const filterOf = (options: SourceFilterOptions): SourceFilter => sourceFilter({ clock, logger, ...options })

async function start(options: SourceFilterOptions): Promise<SourceFilter> {
  const filter = filterOf(options)
  await filter.start()
  started.push(filter)
  return filter
}

describe('with a resolver', () => {
  let answer: () => AllowedHosts | Promise<AllowedHosts>
  const resolve = () => answer()
  const fail = () => {
    throw new Error('no node')
  }

  beforeEach(() => {
    answer = () => ['192.0.2.1', '2001:DB8::5', '::ffff:198.51.100.7']
  })

  /** The next question has been asked and answered. */
  async function refresh(ms = 300_000): Promise<void> {
    clock.advance(ms)
    await turn()
  }

  test('lets nobody in but whom it names, however an address is written', async () => {
    const filter = await start({ resolve })
    for (const host of ['192.0.2.1', '::ffff:192.0.2.1', '::ffff:c000:201', '198.51.100.7', '2001:db8::9']) {
      expect(filter.admits(host), host).toBe(true)
    }
    for (const host of ['192.0.2.2', '::ffff:192.0.2.2', '2001:db8:0:1::5', '', 'nonsense']) {
      expect(filter.admits(host), host).toBe(false)
    }
    expect(filter.stats()).toEqual({ mode: 'enforce', hosts: 3, refused: 5, share: undefined })
  })

  test('is off before its start and after its end', async () => {
    const filter = filterOf({ resolve })
    expect(filter.admits('192.0.2.2')).toBe(true)
    expect(filter.stats().mode).toBe('off')
    expect(filter.ageMs()).toBeUndefined()
    await filter.start()
    expect(filter.admits('192.0.2.2')).toBe(false)
    await filter.stop()
    expect(filter.admits('192.0.2.2')).toBe(true)
    expect(filter.stats().mode).toBe('off')
    expect(clock.pending).toBe(0)
    await filter.start()
    expect(filter.admits('192.0.2.2')).toBe(false)
    await filter.stop()
  })

  test("'bypass' lets everybody through", async () => {
    answer = async () => 'bypass'
    const filter = await start({ resolve })
    expect(filter.admits('192.0.2.2')).toBe(true)
    expect(filter.stats()).toMatchObject({ mode: 'bypass', hosts: 0, refused: 0 })
  })

  test('an empty list lets nobody in, and the log says what else to answer', async () => {
    answer = () => []
    const filter = await start({ resolve })
    expect(filter.admits('192.0.2.1')).toBe(false)
    await refresh()
    expect(logger.at('warn').map(({ message }) => message)).toEqual([expect.stringContaining("'bypass'")])
  })

  test('asks again after a while', async () => {
    const filter = await start({ resolve, refreshMs: 1000 })
    answer = () => new Set(['192.0.2.2'])
    await refresh(999)
    expect(filter.admits('192.0.2.2')).toBe(false)
    expect(filter.ageMs()).toBe(999)
    await refresh(1)
    expect(filter.admits('192.0.2.2')).toBe(true)
    expect(filter.admits('192.0.2.1')).toBe(false)
    expect(filter.ageMs()).toBe(0)
  })

  test('what fails keeps its last answer up to an age, and then lets everybody through until it answers', async () => {
    const filter = await start({ resolve, refreshMs: 1000, maxAgeMs: 2000 })
    answer = fail
    await refresh(1000)
    await refresh(1000)
    expect(filter.admits('192.0.2.2')).toBe(false)
    expect(logger.at('warn').at(-1)).toMatchObject({
      message: expect.stringContaining('its last answer stays'),
      fields: { ageMs: 2000 },
    })
    await refresh(1)
    expect(filter.admits('192.0.2.2')).toBe(true)
    expect(filter.stats().mode).toBe('bypass')
    await refresh(999)
    expect(logger.at('warn').at(-1)).toMatchObject({
      message: expect.stringContaining('every address is let through'),
      fields: { ageMs: 3000 },
    })
    answer = () => ['192.0.2.3']
    await refresh(1000)
    expect(filter.admits('192.0.2.2')).toBe(false)
  })

  test('what fails from the start lets everybody through, and the miner starts', async () => {
    answer = () => Promise.reject(new Error('no node'))
    const filter = await start({ resolve })
    expect(filter.admits('192.0.2.2')).toBe(true)
    expect(logger.at('warn')).toHaveLength(1)
    answer = () => ['192.0.2.1']
    await refresh()
    expect(filter.admits('192.0.2.2')).toBe(false)
  })

  test.each([
    ['a text', '192.0.2.2', "answered '192.0.2.2'"],
    ['nothing', undefined, 'answered undefined'],
    ['a name', ['192.0.2.2', 'example.com'], "named 'example.com'"],
    ['a number', [5], 'named 5'],
    ['a port', ['192.0.2.2:8443'], "named '192.0.2.2:8443'"],
  ])('%s is no answer: the last one stays', async (_, given, message) => {
    const filter = await start({ resolve })
    answer = () => given as AllowedHosts
    await refresh()
    expect(filter.admits('192.0.2.1')).toBe(true)
    expect(filter.admits('192.0.2.2')).toBe(false)
    expect(logger.at('warn')[0]?.fields.error).toEqual(config(message))
  })

  test('one that hangs is given up, and asked again', async () => {
    answer = () => new Promise<never>(() => {})
    const filter = filterOf({ resolve, timeoutMs: 50 })
    const starting = filter.start()
    started.push(filter)
    await until(() => clock.pending === 1)
    clock.advance(50)
    await starting
    expect(filter.admits('192.0.2.2')).toBe(true)
    expect(logger.at('warn')[0]?.fields.error).toMatchObject({ code: 'TIMED_OUT' })
    answer = () => ['192.0.2.1']
    await refresh()
    expect(filter.admits('192.0.2.2')).toBe(false)
    expect(clock.pending).toBe(1)
  })

  test('an answer that comes after the end counts no more', async () => {
    const filter = await start({ resolve })
    let late = (_: AllowedHosts) => {}
    answer = () => new Promise<AllowedHosts>((resolved) => (late = resolved))
    await refresh()
    await filter.stop()
    late(['192.0.2.2'])
    await turn()
    expect(clock.pending).toBe(0)
    expect(filter.stats().hosts).toBe(3)
  })

  test('has nothing to learn', async () => {
    const filter = await start({ resolve })
    filter.learn('192.0.2.2', big)
    expect(filter.admits('192.0.2.2')).toBe(false)
  })
})

describe('that learns', () => {
  let folder: string
  let file: string
  let source: InMemoryMetagraph

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'levin-filter-'))
    file = join(folder, 'hosts.json')
    source = inMemoryMetagraph([
      neuronOf(2, { uid: 1, stake: 70, validatorPermit: true }),
      neuronOf(3, { uid: 2, stake: 20, validatorPermit: true }),
      neuronOf(4, { uid: 3, stake: 10, validatorPermit: true }),
      neuronOf(5, { uid: 4, stake: 1000 }),
    ])
  })

  afterEach(async () => {
    await Promise.all(started.splice(0).map((filter) => filter.stop()))
    await rm(folder, { recursive: true })
  })

  const learning = (
    learn: Partial<LearnOptions> = {},
    more: SourceFilterOptions = {},
  ): Promise<SourceFilter> => start({ learn: { file, source, ...learn }, ...more })
  const saved = async (): Promise<unknown> => JSON.parse(await readFile(file, 'utf8'))

  test('shuts nobody out until the share is reached, and then whom it does not know', async () => {
    const filter = await learning()
    expect(filter.stats()).toEqual({ mode: 'bypass', hosts: 0, refused: 0, share: 0 })
    filter.learn('::ffff:192.0.2.1', big)
    filter.learn('192.0.2.9', signerOf(5).hotkey)
    expect(filter.stats()).toMatchObject({ mode: 'bypass', share: 0.7 })
    expect(filter.admits('203.0.113.1')).toBe(true)
    filter.learn('192.0.2.2', middle)
    expect(filter.stats()).toMatchObject({ mode: 'enforce', hosts: 3, share: 0.9 })
    expect(filter.admits('203.0.113.1')).toBe(false)
    for (const host of ['192.0.2.1', '::ffff:192.0.2.2', '192.0.2.9']) expect(filter.admits(host)).toBe(true)
    expect(logger.at('info').map(({ message }) => message)).toEqual([
      'source filter: only learned hosts are let through',
    ])
  })

  test('a share of one waits for everybody', async () => {
    const filter = await learning({ share: 1 })
    for (const [index, hotkey] of [big, middle].entries()) filter.learn(`192.0.2.${index}`, hotkey)
    expect(filter.stats().mode).toBe('bypass')
    filter.learn('192.0.2.3', small)
    expect(filter.stats().mode).toBe('enforce')
  })

  test('looks again when the metagraph changes', async () => {
    const filter = await learning()
    filter.learn('192.0.2.1', big)
    source.set([neuronOf(2, { uid: 1, stake: 70, validatorPermit: true })])
    expect(filter.stats()).toMatchObject({ mode: 'enforce', share: 1 })
    source.set([neuronOf(2, { uid: 1, stake: 70 }), neuronOf(3, { stake: 20, validatorPermit: true })])
    expect(filter.stats()).toMatchObject({ mode: 'bypass', share: 0 })
    source.set([])
    expect(filter.stats()).toMatchObject({ mode: 'bypass', share: 0 })
  })

  test('shuts nobody out by stake that is too old', async () => {
    let age: number | undefined = 7_200_000
    const filter = await learning({ source: { ...source, ageMs: () => age }, share: 0.7 })
    filter.learn('192.0.2.1', big)
    expect(filter.admits('203.0.113.1')).toBe(false)
    expect(filter.ageMs()).toBe(7_200_000)
    age = 7_200_001
    expect(filter.admits('203.0.113.1')).toBe(true)
    age = undefined
    expect(filter.admits('203.0.113.1')).toBe(true)
  })

  test('remembers eight hosts of a hotkey, those of late', async () => {
    const filter = await learning({ share: 0.7 })
    for (let host = 1; host <= 8; host++) filter.learn(`192.0.2.${host}`, big)
    filter.learn('192.0.2.1', big) // came again, so that 2 is the oldest
    expect(filter.stats().hosts).toBe(8)
    filter.learn('192.0.2.9', big)
    expect(filter.stats().hosts).toBe(8)
    expect(filter.admits('192.0.2.1')).toBe(true)
    expect(filter.admits('192.0.2.2')).toBe(false)
  })

  test('a host of two hotkeys is known as long as one of them has it', async () => {
    const filter = await learning({ share: 0.7 })
    filter.learn('192.0.2.1', big)
    filter.learn('192.0.2.1', small)
    for (let host = 2; host <= 9; host++) filter.learn(`192.0.2.${host}`, big)
    expect(filter.admits('192.0.2.1')).toBe(true)
    for (let host = 10; host <= 17; host++) filter.learn(`192.0.2.${host}`, small)
    expect(filter.admits('192.0.2.1')).toBe(false)
  })

  test('remembers 10,000 hosts, and forgets strangers first', async () => {
    const filter = await learning({ share: 0.7 })
    filter.learn('192.0.2.1', big)
    for (let index = 1; index < 10_000; index++) filter.learn(hostAt(index), `stranger ${index}`)
    expect(filter.stats()).toMatchObject({ mode: 'enforce', hosts: 10_000 })
    filter.learn(hostAt(10_000), 'stranger 10000')
    expect(filter.stats().hosts).toBe(10_000)
    expect(filter.admits('192.0.2.1')).toBe(true)
    expect(filter.admits(hostAt(1))).toBe(false)
    expect(filter.admits(hostAt(2))).toBe(true)
    expect(filter.admits(hostAt(10_000))).toBe(true)
  })

  const hostAt = (index: number): string => `10.0.${index >> 8}.${index & 255}`

  test('saves once in a while, and at its end', async () => {
    const filter = await learning()
    filter.learn('192.0.2.1', big)
    filter.learn('2001:db8::1', big)
    clock.advance(4999)
    expect(await readdir(folder)).toEqual([])
    clock.advance(1)
    await until(() => clock.pending === 0)
    filter.learn('192.0.2.1', big) // no news
    expect(clock.pending).toBe(0)
    filter.learn('192.0.2.2', middle)
    await filter.stop()
    expect(await saved()).toEqual({ [big]: ['2001:db8:0:0::/64', '192.0.2.1'], [middle]: ['192.0.2.2'] })
    expect(await readdir(folder)).toEqual(['hosts.json'])
  })

  test('knows after a restart what it knew', async () => {
    const before = await learning()
    before.learn('192.0.2.1', big)
    before.learn('2001:db8::1', middle)
    await before.stop()
    const filter = await learning()
    expect(filter.stats()).toMatchObject({ mode: 'enforce', hosts: 2, share: 0.9 })
    expect(filter.admits('2001:db8::2')).toBe(true)
    expect(filter.admits('203.0.113.1')).toBe(false)
  })

  test('learns nothing while it is not started', async () => {
    const filter = filterOf({ learn: { file, source } })
    filter.learn('192.0.2.1', big)
    expect(filter.stats().hosts).toBe(0)
    await filter.start()
    await filter.stop()
    filter.learn('192.0.2.1', big)
    expect(filter.stats().hosts).toBe(0)
    expect(clock.pending).toBe(0)
    expect(await readdir(folder)).toEqual([])
  })

  test.each([
    ['half a file', '{ "5F'],
    ['a list', '[]'],
    ['a stranger key', JSON.stringify({ __proto: ['192.0.2.1'] })],
    ['a name for an address', JSON.stringify({ [big]: ['example.com'] })],
    ['a text for a list', JSON.stringify({ [big]: '192.0.2.1' })],
    ['a file over 16 MiB', Buffer.alloc(16 * 1024 * 1024 + 1, 0x20)],
  ])('%s is reported and set aside, and learning starts anew', async (_, content) => {
    await writeFile(file, content)
    const filter = await learning()
    expect(filter.stats().hosts).toBe(0)
    expect(logger.at('error')).toHaveLength(1)
    expect(logger.at('error')[0]?.message).toContain(`${file}.broken`)
    expect((await readFile(`${file}.broken`)).equals(Buffer.from(content))).toBe(true)
    filter.learn('192.0.2.1', big)
    await filter.stop()
    expect(await saved()).toEqual({ [big]: ['192.0.2.1'] })
  })

  test('what cannot be saved is said once, tried again, and leaves nothing behind', async () => {
    const filter = await learning({ file: join(folder, 'missing', 'hosts.json') })
    filter.learn('192.0.2.1', big)
    for (let attempt = 0; attempt < 2; attempt++) {
      clock.advance(5000)
      await until(() => clock.pending === 1)
    }
    expect(logger.at('error')).toHaveLength(1)
    await mkdir(join(folder, 'missing'))
    clock.advance(5000)
    await until(() => clock.pending === 0)
    await filter.stop()
    expect(await readdir(join(folder, 'missing'))).toEqual(['hosts.json'])
  })

  test('starts and stops its source, whose failure to start is told', async () => {
    const counted = { ...source, start: vi.fn(async () => {}), stop: vi.fn(async () => {}) }
    const filter = await learning({ source: counted })
    await filter.stop()
    expect(counted.start).toHaveBeenCalledTimes(1)
    expect(counted.stop).toHaveBeenCalledTimes(1)
    counted.start.mockRejectedValueOnce(new Error('nothing to be had'))
    await expect(filter.start()).rejects.toThrow('nothing to be had')
  })

  test('a source that throws shuts nobody out, and harms no handshake', async () => {
    let fails = false
    const flaky = new Proxy(source, {
      get(target, name, receiver) {
        if (fails) throw new Error('mine')
        return Reflect.get(target, name, receiver)
      },
    })
    const filter = await learning({ source: flaky, share: 0.7 })
    filter.learn('192.0.2.1', big)
    expect(filter.admits('203.0.113.1')).toBe(false)
    fails = true
    expect(filter.admits('203.0.113.1')).toBe(true)
    for (const host of ['192.0.2.2', '192.0.2.4']) filter.learn(host, middle)
    expect(logger.at('error')).toHaveLength(1) // each handshake is one that fails
    fails = false
    expect(filter.admits('203.0.113.1')).toBe(false)
    expect(filter.admits('192.0.2.2')).toBe(true)
  })

  test('with a resolver as well, who is known to either comes through', async () => {
    let allowed: AllowedHosts = 'bypass'
    const filter = await learning({ share: 0.7 }, { resolve: () => allowed })
    filter.learn('192.0.2.1', small)
    expect(filter.admits('203.0.113.1')).toBe(true)
    allowed = ['198.51.100.7']
    clock.advance(300_000)
    await turn()
    for (const host of ['192.0.2.1', '198.51.100.7']) expect(filter.admits(host)).toBe(true)
    expect(filter.admits('203.0.113.1')).toBe(false)
    filter.learn('192.0.2.2', big)
    allowed = 'bypass'
    clock.advance(300_000)
    await turn()
    expect(filter.admits('192.0.2.2')).toBe(true)
    expect(filter.admits('198.51.100.7')).toBe(false)
  })
})

describe('by what validators published', () => {
  const at = (host: string) => ({ axon: { host, port: 8091, protocol: 4 } })
  const validator = (byte: number, host: string) =>
    neuronOf(byte, { uid: byte, validatorPermit: true, ...at(host) })
  let source: InMemoryMetagraph

  beforeEach(() => {
    source = inMemoryMetagraph([
      validator(2, '8.8.8.8'),
      validator(3, '10.0.0.3'),
      neuronOf(4, { uid: 4, ...at('9.9.9.9') }),
      neuronOf(5, { uid: 5, validatorPermit: true }),
    ])
  })

  test('lets the routable hosts of permit holders through, and no other', async () => {
    const filter = await start({ published: { source } })
    const hosts = ['8.8.8.8', '::ffff:8.8.8.8', '10.0.0.3', '9.9.9.9', '1.2.3.4']
    expect(hosts.map((host) => filter.admits(host))).toEqual([true, true, false, false, false])
    expect(filter.stats()).toEqual({ mode: 'enforce', hosts: 1, refused: 3, share: undefined })
  })

  test('lets every host through while none is published, and says when that changes', async () => {
    const filter = await start({ published: { source } })
    source.set([validator(3, '10.0.0.3'), validator(6, '0.0.0.0')])
    expect([filter.admits('1.2.3.4'), filter.stats().mode]).toEqual([true, 'bypass'])
    source.set([validator(3, '11.0.0.3')])
    expect([filter.admits('1.2.3.4'), filter.admits('11.0.0.3')]).toEqual([false, true])
    expect(logger.at('info').map(({ message }) => message)).toEqual([
      'source filter: only published hosts are let through',
      'source filter: every address is let through',
      'source filter: only published hosts are let through',
    ])
  })

  test('shuts nobody out by data that is too old, or by a source that throws', async () => {
    let age = (): number | undefined => 7_200_000
    const filter = await start({ published: { source: { ...source, ageMs: () => age() } } })
    expect(filter.admits('1.2.3.4')).toBe(false)
    age = () => 7_200_001
    expect(filter.admits('1.2.3.4')).toBe(true)
    age = () => {
      throw new Error('the disk is gone')
    }
    expect(filter.admits('1.2.3.4')).toBe(true)
  })

  test('takes the word of who knows better where they come from', async () => {
    const host = ({ uid }: { uid: number }) => (uid === 5 ? '127.0.0.1' : uid === 2 ? 'a.example' : undefined)
    const filter = await start({ published: { source, host } })
    expect(['127.0.0.1', '8.8.8.8'].map((host) => filter.admits(host))).toEqual([true, false])
  })

  test('keeps its last hosts when that throws', async () => {
    let host = (): string => '5.5.5.5'
    const filter = await start({ published: { source, host: () => host() } })
    host = () => {
      throw new Error('mine')
    }
    source.set([validator(2, '8.8.8.8')])
    expect([filter.admits('5.5.5.5'), filter.admits('8.8.8.8')]).toEqual([true, false])
    expect(logger.at('error')).toHaveLength(1)
  })

  test('also lets through whom a resolver names', async () => {
    const filter = await start({ published: { source }, resolve: () => ['7.7.7.7'] })
    expect(['8.8.8.8', '7.7.7.7', '6.6.6.6'].map((host) => filter.admits(host))).toEqual([true, true, false])
    expect(filter.stats().hosts).toBe(2)
  })

  test('starts and stops its source', async () => {
    const [start, stop] = [vi.fn(async () => {}), vi.fn(async () => {})]
    const filter = filterOf({ published: { source: { ...source, start, stop } } })
    await filter.start()
    await filter.stop()
    expect([start.mock.calls.length, stop.mock.calls.length, filter.stats().mode]).toEqual([1, 1, 'off'])
    const failing = { ...source, start: () => Promise.reject(new Error('no chain')) }
    await expect(filterOf({ published: { source: failing } }).start()).rejects.toThrow('no chain')
    const learn = { file: '/nowhere', source: failing }
    await expect(
      filterOf({ published: { source: { ...source, start, stop } }, learn }).start(),
    ).rejects.toThrow()
    expect(stop).toHaveBeenCalledTimes(2)
  })
})

describe('options', () => {
  const source = inMemoryMetagraph([])
  const resolve = () => 'bypass' as const
  test.each([
    [{}, 'nothing to go by'],
    [{ published: {} }, 'published.source is missing'],
    [{ published: { source: inMemoryMetagraph([]), host: '1.2.3.4' } }, 'published.host is not a function'],
    [{ published: { hosts: [] } }, "no option 'hosts'"],
    [{ resolve: 'bypass' }, 'resolve is not a function'],
    [{ resolve, refresh: 5 }, "no option 'refresh'"],
    [{ resolve, refreshMs: 0 }, 'refreshMs is 0'],
    [{ resolve, timeoutMs: 2 ** 31 }, 'timeoutMs is 2147483648'],
    [{ resolve, maxAgeMs: -1 }, 'maxAgeMs is -1'],
    [{ resolve, maxAgeMs: 299_999 }, 'less than refreshMs'],
    [{ learn: { source } }, 'learn.file is missing'],
    [{ learn: { file: 'hosts.json' } }, 'learn.source is missing'],
    [{ learn: { file: 'hosts.json', source, share: 0 } }, 'learn.share is 0'],
    [{ learn: { file: 'hosts.json', source, share: 1.01 } }, 'learn.share is 1.01'],
    [{ learn: { file: 'hosts.json', source, shares: 1 } }, "no option 'shares'"],
    [{ learn: null }, 'the options are null'],
  ])('%j is refused', (options, message) => {
    expect(() => sourceFilter(options as SourceFilterOptions)).toThrow(config(message))
  })

  test('an answer may be as old as the next question', () => {
    expect(() => sourceFilter({ resolve, maxAgeMs: 300_000 })).not.toThrow()
  })
})
