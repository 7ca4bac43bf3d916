/** Which miner is meant by `--to`. */
import { decodeHotkey } from '../auth/ss58.js'
import type { Axon } from '../client/axon.js'
import type { ConfigValues, chainOptions } from '../config/options.js'
import { subnetFrom } from '../config/parts.js'
import { LevinError } from '../errors.js'
import { silentLogger } from '../logger.js'

const FORM =
  '--to is HOTKEY@HOST:PORT, such as 5F...@127.0.0.1:8091; with --netuid a hotkey or a uid alone will do'

/** @throws LevinError CONFIG when there is none, or more */
export function onlyOne(to: readonly string[]): string {
  const [target, ...more] = to
  if (target === undefined) throw new LevinError('CONFIG', FORM)
  if (more.length > 0) throw new LevinError('CONFIG', 'one miner is asked: give one --to')
  return target
}

/** @throws LevinError CONFIG for what is no target, and what reading the chain throws */
export async function targetOf(to: string, values: ConfigValues<typeof chainOptions>): Promise<Axon> {
  if (to.includes('@')) return addressOf(to)
  const subnet = subnetFrom(values)
  if (subnet === undefined) throw new LevinError('CONFIG', FORM)
  const { subtensor } = await import('../subtensor/source.js')
  const source = subtensor({ ...subnet, logger: silentLogger })
  await source.start()
  try {
    const found = /^\d+$/.test(to)
      ? [...source.neurons()].find(({ uid }) => uid === Number(to))
      : source.neuron(to)
    if (found === undefined) throw new LevinError('CONFIG', `subnet ${subnet.netuid} has no neuron ${to}`)
    const { hotkey, axon } = found
    if (axon === undefined) throw new LevinError('CANNOT_CONNECT', `${hotkey} has published no axon`)
    return { hotkey, host: axon.host, port: axon.port }
  } finally {
    await source.stop()
  }
}

/** The last colon, since an IPv6 address has some: `5F...@[::1]:8091`. */
function addressOf(to: string): Axon {
  const [, hotkey, bracketed, plain, port] = /^([^@]+)@(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(to) ?? []
  if (hotkey === undefined) throw new LevinError('CONFIG', FORM)
  decodeHotkey(hotkey)
  return { hotkey, host: (bracketed ?? plain)!, port: Number(port) }
}
