import { isIPv6 } from 'node:net'
import { pause } from '../../clock.js'
import type { ConfigOptions } from '../../config/options.js'
import { LevinError } from '../../errors.js'
import { defineCommand } from '../command.js'
import { Exit } from '../exit-codes.js'
import type { Output } from '../output.js'
import { askNow } from '../top/ask.js'
import { Lately } from '../top/lately.js'
import { Screen } from '../top/screen.js'
import { sectionsOf } from '../top/view.js'

/** A monitor tells the same again to who asks more often. */
const EVERY_MS = 1_000

const options = {
  host: { type: 'text', default: '127.0.0.1', help: 'where the monitor is', value: 'HOST' },
  port: {
    type: 'integer',
    least: 1,
    most: 65_535,
    default: 9100,
    help: "the monitor's TCP port",
    value: 'N',
  },
  once: { type: 'flag', help: 'the numbers of one second as text, as it is done where there is no terminal' },
} as const satisfies ConfigOptions

export const command = defineCommand({
  usage: 'top [OPTIONS]',
  about: `What a miner or validator does, as its monitor's page has it, each second until Ctrl-C. It was started with --monitor, or
with monitor() of levin/monitor. With --json it is what /now.json holds, once.`,
  options,
  positionals: { least: 0, most: 0 },
  async run({ host, port, once }, _, output) {
    const url = `http://${isIPv6(host) ? `[${host}]` : host}:${port}/`
    if (output.isJson) output.json(await askNow(url))
    else if (once || !process.stdout.isTTY) await tellOnce(url, output)
    else await showUntilStopped(url)
    return Exit.done
  },
})

/** Asked twice, since a rate needs a second. */
async function tellOnce(url: string, output: Output): Promise<void> {
  const lately = new Lately()
  lately.add(await askNow(url))
  await pause(EVERY_MS, new AbortController().signal)
  const now = await askNow(url)
  lately.add(now)
  output.say(
    sectionsOf(now, lately, url)
      .map((section) => section.join('\n'))
      .join('\n\n'),
  )
}

async function showUntilStopped(url: string): Promise<void> {
  const lately = new Lately()
  let now = await askNow(url)
  const stop = new AbortController()
  const onSignal = (): void => stop.abort()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, onSignal)
  const screen = new Screen(process.stdout)
  try {
    let trouble: string | undefined
    while (!stop.signal.aborted) {
      if (trouble === undefined) lately.add(now)
      screen.show(sectionsOf(now, lately, url, trouble))
      await pause(EVERY_MS, stop.signal)
      if (stop.signal.aborted) break
      try {
        now = await askNow(url)
        trouble = undefined
      } catch (error) {
        trouble = `NO ANSWER: ${LevinError.from(error).message}`
      }
    }
  } finally {
    screen.close()
  }
}
