/** `levin top` against monitors of this process, on a terminal and without one. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { describe, expect, test, vi } from 'vitest'
import { type MonitorOptions, monitor } from '../../src/monitor/index.js'
import { Broken, closeLater, Echo, listening, metagraph, newMiner, newValidator } from '../monitor/watched.js'
import { validatorSigner } from '../support/hotkeys.js'
import { levin, main } from './levin.js'

const top = (port: number, ...args: string[]) => levin(tmpdir(), ['top', '--port', String(port), ...args])

const short = (hotkey: string) => `${hotkey.slice(0, 6)}…${hotkey.slice(-4)}`

const watch = async (options: MonitorOptions) => closeLater(await monitor({ port: 0, ...options }))

/** A miner and a validator that asked it, with a monitor of both. */
async function both() {
  const miner = newMiner()
  const validator = newValidator()
  const watching = await watch({ miner, validator, metagraph })
  const axon = await listening(miner)
  await validator.query(axon, Echo, {})
  await validator.query(axon, Broken, {}).catch(() => {})
  return { miner, validator, watching, axon }
}

/** Something that answers what it is told to. */
async function answering(status: number, body: string): Promise<number> {
  const server = createServer((_, response) => response.writeHead(status).end(body))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closeLater({ close: () => server.close() })
  return (server.address() as AddressInfo).port
}

describe('without a terminal', () => {
  test('is the numbers of the page as text, once', async () => {
    const { miner, watching } = await both()
    const { code, out, err } = await top(watching.port)
    expect([code, err]).toEqual([0, ''])
    expect(out).not.toContain('\x1b')
    expect(out).toMatch(new RegExp(`^${watching.url} {2}ready\nup .* memory .* loop delay`))
    expect(out).toMatch(
      new RegExp(`^miner ${miner.hotkey} {2}listening\n {2}calls/s [\\d.]+ .*p99 .* ms`, 'm'),
    )
    expect(out).toMatch(/^ {2}validators 1 of \d+, 0 unproved, 0 half-open$/m)
    expect(out).toMatch(/^ {2}Echo +0 +0 +[\d.]+ ms +[\d.]+ ms +1 +0$/m)
    expect(out).toMatch(/^ {2}Held +0 +0 +- +- +0 +0$/m)
    expect(out).toMatch(/^ {2}failed +call +1$/m)
    expect(out).toMatch(/^ {2}concurrency: Echo +0 +0 +0 /m)
    expect(out).toMatch(new RegExp(`^ {2}${short(validatorSigner.hotkey)} +7 +4,321 +2 +\\d+ s ago$`, 'm'))
    expect(out).toMatch(new RegExp(`^ {2}${short(miner.hotkey)} +connected +1 +1 +\\d+ s ago +-$`, 'm'))
  })

  test('says of a miner that does not listen yet what there is to say', async () => {
    const { port, url } = await watch({ miner: newMiner() })
    const { code, out } = await top(port, '--once')
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/NOT READY: the miner does not listen yet\n[\s\S]*new\n$/),
    ])
    expect(out.startsWith(url)).toBe(true)
  })

  test('is with --json what /now.json holds', async () => {
    const { miner, watching } = await both()
    const { code, out } = await top(watching.port, '--json')
    expect([code, JSON.parse(out)]).toMatchObject([
      0,
      { notReady: [], miner: { hotkey: miner.hotkey, validatorsHeard: 1 }, validator: { minersKnown: 1 } },
    ])
  })

  test('shows no control characters, whoever chose them', async () => {
    const { watching } = await both()
    const now = JSON.parse((await top(watching.port, '--json')).out)
    now.miner.synapses[0].name = '\x1b[2Jcleared\n'
    now.miner.hotkey = '5\x1b]0;title\x07'
    now.validator.miners[0].lastFailure = '\u202ebackwards'
    now.miner.synapses[1].name = 'x'.repeat(10_000)
    const { code, out } = await top(await answering(200, JSON.stringify(now)))
    expect(code).toBe(0)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(out).not.toMatch(/[\x00-\x09\x0b-\x1f\u202e]/)
    expect(out).toContain('\\u001b[2Jcleared\\u000a')
    expect(out).not.toContain('x'.repeat(100))
  })
})

describe('when there is no monitor', () => {
  test.each([['--once'], ['--json']])('it says how to start one, with %s', async (...json) => {
    const { code, out, err } = await top(9, ...json)
    expect(code).toBe(3)
    expect(out + err).toMatch(
      /no monitor answers at http:\/\/127\.0\.0\.1:9\/ \(.+\)\. Start your miner .* --monitor 9100/,
    )
  })

  test.each([
    ['another program', 404, 'there is no such page', /it answered 404: there is no such page/],
    ['another JSON', 200, '{"a":1}', /its \/now\.json holds something else/],
    ['no JSON', 200, '<html>', /JSON/],
    ['a flood', 200, ' '.repeat(4 * 1024 * 1024 + 1), /its answer is over 4194304 bytes/],
  ])('%s there is said to be none', async (_, status, body, reason) => {
    const { code, err } = await top(await answering(status, body))
    expect([code, err]).toEqual([3, expect.stringMatching(/is no monitor of Levin/)])
    expect(err).toMatch(reason)
  })
})

const PATIENCE = { timeout: 30_000, interval: 50 }

/** On a pseudo-terminal, which `script` makes: what it wrote so far, and its end. */
function onTerminal(port: number, rows: number, columns: number) {
  const command = `stty rows ${rows} cols ${columns}; exec ${process.execPath} ${main} top --port ${port}`
  const child = spawn('script', ['-qfec', command, '/dev/null'])
  const terminal = {
    written: '',
    /** As Ctrl-C does. */
    interrupt: () => child.stdin.write('\x03'),
    ended: once(child, 'close').then(([code]) => code as number),
    /** What was drawn last. */
    frame: () =>
      terminal.written.split('\x1b[H').at(-1)!.split('\x1b[J')[0]!.replaceAll('\x1b[K', '').split('\r\n'),
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    terminal.written += text
  })
  closeLater({ close: () => child.kill() })
  return terminal
}

describe('on a terminal', () => {
  test('is drawn again as numbers move, fits, and leaves the terminal as it was', async () => {
    const { validator, axon, watching } = await both()
    const terminal = onTerminal(watching.port, 15, 60)
    await vi.waitFor(
      () => expect(terminal.frame().some((line) => /^ {2}Echo .* 1 +0$/.test(line))).toBe(true),
      PATIENCE,
    )
    await validator.query(axon, Echo, {})
    await vi.waitFor(
      () => expect(terminal.frame().some((line) => /^ {2}Echo .* 2 +0$/.test(line))).toBe(true),
      PATIENCE,
    )
    expect(terminal.frame()).toHaveLength(15)
    for (const line of terminal.frame()) expect(line.length).toBeLessThanOrEqual(60)
    terminal.interrupt()
    expect(await terminal.ended).toBe(0)
    expect(terminal.written.startsWith('\x1b[?1049h')).toBe(true)
    expect(terminal.written.endsWith('\x1b[?1049l')).toBe(true)
  })

  test('goes on while the process is away', async () => {
    const { miner, watching } = await both()
    const terminal = onTerminal(watching.port, 40, 200)
    await vi.waitFor(() => expect(terminal.frame()[0]!.endsWith('ready')).toBe(true), PATIENCE)
    await watching.close()
    await vi.waitFor(() => expect(terminal.frame()[0]!.includes('NO ANSWER')).toBe(true), PATIENCE)
    expect(terminal.frame().join('\n')).toContain(`miner ${miner.hotkey}`)
    await watch({ miner, port: watching.port })
    await vi.waitFor(() => expect(terminal.frame()[0]!.endsWith('ready')).toBe(true), PATIENCE)
    terminal.interrupt()
    expect(await terminal.ended).toBe(0)
  })
})
