import type { ConfigOptions } from 'levin/config'
import { type MonitorOptions, monitor } from 'levin/monitor'

export const monitorOptions = {
  monitor: {
    type: 'integer',
    least: 0,
    most: 65_535,
    help: 'port of a page on 127.0.0.1 that shows what it does',
    value: 'N',
  },
} as const satisfies ConfigOptions

/** Shows it where a port is given, and says where. */
export async function showMonitor(
  port: number | undefined,
  subjects: Pick<MonitorOptions, 'miner' | 'validator' | 'metagraph'>,
): Promise<void> {
  if (port === undefined) return
  const { url } = await monitor({ ...subjects, port })
  console.log(`monitor ${url}`)
}
