/** `--name value` as a number. */
export function numberOption(name: string, fallback?: number): number {
  const at = process.argv.indexOf(`--${name}`)
  const value = at < 0 ? fallback : Number(process.argv[at + 1])
  if (value !== undefined && Number.isFinite(value)) return value
  throw new Error(`--${name} needs a number`)
}
