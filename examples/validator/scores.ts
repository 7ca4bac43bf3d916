import { readFile, rename, writeFile } from 'node:fs/promises'

/** How much the newest mark weighs against all before it. */
const ALPHA = 0.3

/** A moving average for each miner, which outlives the program. */
export class Scores {
  readonly #path: string
  readonly #scores: Map<string, number>

  private constructor(path: string, scores: Map<string, number>) {
    this.#path = path
    this.#scores = scores
  }

  static async load(path: string): Promise<Scores> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}' // the first run
      throw error
    })
    const stored = Object.entries(JSON.parse(text) as Record<string, number>)
    return new Scores(path, new Map(stored.filter(([, score]) => Number.isFinite(score))))
  }

  of(hotkey: string): number {
    return this.#scores.get(hotkey) ?? 0
  }

  add(hotkey: string, mark: number): void {
    this.#scores.set(hotkey, (1 - ALPHA) * this.of(hotkey) + ALPHA * mark)
  }

  /** Those of the miners that there are, with a sum of 1; all 0 when nobody has earned any. */
  weights(hotkeys: readonly string[]): Map<string, number> {
    const sum = hotkeys.reduce((total, hotkey) => total + this.of(hotkey), 0)
    return new Map(hotkeys.map((hotkey) => [hotkey, sum === 0 ? 0 : this.of(hotkey) / sum]))
  }

  /** All or nothing: a program that is killed while it writes keeps what it had. */
  async save(): Promise<void> {
    const beside = `${this.#path}.new`
    await writeFile(beside, `${JSON.stringify(Object.fromEntries(this.#scores), null, 2)}\n`)
    await rename(beside, this.#path)
  }
}
