import { constants, open } from 'node:fs/promises'
import { LevinError } from './errors.js'

/**
 * A whole file as it was at one moment.
 *
 * @param maxBytes what it may have at most; no more is ever held in memory
 * @throws LevinError CONFIG when it is no file, too large, or was written to while it was read; else what the system throws
 */
export async function readFile(path: string, maxBytes: number): Promise<Buffer> {
  // a named pipe would otherwise hold us until somebody writes into it
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const before = await file.stat({ bigint: true })
    if (!before.isFile()) throw new LevinError('CONFIG', 'it is not a file')
    if (before.size > maxBytes) {
      throw new LevinError('CONFIG', `it has ${before.size} bytes; at most ${maxBytes} are read`)
    }
    const size = Number(before.size)
    const bytes = Buffer.alloc(size)
    let length = 0
    while (length < size) {
      const { bytesRead } = await file.read(bytes, length, size - length, length)
      if (bytesRead === 0) break
      length += bytesRead
    }
    const after = await file.stat({ bigint: true })
    if (length < size || after.size !== before.size || after.mtimeNs !== before.mtimeNs) {
      throw new LevinError('CONFIG', 'it was written to while it was read')
    }
    return bytes
  } finally {
    await file.close()
  }
}
