/** The page, read once: three small files, which need no build step. */
import { readFile } from 'node:fs/promises'

export interface Asset {
  readonly type: string
  readonly body: Buffer
}

/** The same way from `src` and from `dist`. */
const FOLDER = new URL('../../assets/monitor/', import.meta.url)

const FILES = [
  ['/', 'page.html', 'text/html; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
] as const

/** By path. */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const read = FILES.map(
    async ([path, file, type]) => [path, { type, body: await readFile(new URL(file, FOLDER)) }] as const,
  )
  return new Map(await Promise.all(read))
}
