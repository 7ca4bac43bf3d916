/** `--name value` of the command line. */
export function option(name: string, fallback?: string): string {
  const at = process.argv.indexOf(`--${name}`)
  const value = at < 0 ? fallback : process.argv[at + 1]
  if (value === undefined) throw new Error(`--${name} needs a value`)
  return value
}

/** The seeds of the suite's hotkeys: one byte, 32 times. */
export const seedOf = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
