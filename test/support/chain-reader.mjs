/**
 * A subnet read again and again, alone in its process, so that its heap has nothing else in it. Run with --expose-gc, with
 * the address of a node and a netuid; each message is answered with the bytes of the heap that are in use.
 */
import { silentLogger } from '../../dist/index.js'
import { subtensor } from '../../dist/subtensor/index.js'

const [, , endpoint, netuid] = process.argv
const source = subtensor({
  endpoints: [endpoint],
  netuid: Number(netuid),
  intervalMs: 1,
  requestGapMs: 0,
  logger: silentLogger,
})
await source.start()
process.on('message', () => {
  for (let i = 0; i < 4; i++) globalThis.gc()
  process.send(process.memoryUsage().heapUsed)
})
