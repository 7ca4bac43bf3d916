import { LevinError } from '../../errors.js'
import type { Now } from '../../monitor/now.js'
import { shown } from '../../shown.js'

const TIMEOUT_MS = 5_000
/** It is some 40 KB with 50 validators and 50 miners: what is far beyond is something else. */
const MAX_BYTES = 4 * 1024 * 1024

/**
 * What a monitor tells of its process.
 * @param url of the monitor, with a slash at its end
 * @throws LevinError CANNOT_CONNECT when nothing answers there, or something that is no monitor
 */
export async function askNow(url: string): Promise<Now> {
  const asked = await fetch(`${url}now.json`, {
    signal: AbortSignal.timeout(TIMEOUT_MS),
    redirect: 'error',
  }).catch((cause: unknown) => {
    throw new LevinError('CANNOT_CONNECT', `no monitor answers at ${url} (${reasonOf(cause)}). ${CURE}`, {
      cause,
    })
  })
  try {
    const text = await textOf(asked)
    if (!asked.ok) throw new Error(`it answered ${asked.status}: ${text.trim()}`)
    return parsed(text)
  } catch (cause) {
    const reason = shown(LevinError.from(cause).message)
    throw new LevinError(
      'CANNOT_CONNECT',
      `what answers at ${url} is no monitor of Levin (${reason}); node_exporter has port 9100, too. ${CURE}`,
      { cause },
    )
  }
}

const CURE =
  'Start your miner or validator with --monitor 9100, or with monitor() of levin/monitor, and say its port with --port'

/** fetch says only that it failed; why is in the cause. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error
  const { code, message: deeper } = (cause ?? {}) as { code?: string; message?: string }
  return code ?? deeper ?? message
}

async function textOf({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error(`its answer is over ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): Now {
  const now = JSON.parse(text) as Partial<Now> | null
  if (typeof now?.atMs !== 'number' || typeof now.loop !== 'object' || !Array.isArray(now.notReady))
    throw new Error('its /now.json holds something else')
  return now as Now
}
