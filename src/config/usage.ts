import type { ConfigOption, ConfigOptions } from './options.js'

/** What `--help` prints. @param file what is read when it is there */
export function helpOf(usage: string, options: ConfigOptions, file: string | undefined): string {
  const usual = file === undefined ? '' : `; default ${file}, when it is there`
  return `${usage}\n${linesOf(options)}\n  --config FILE: JSON with these names${usual}`
}

/** One for each option. */
function linesOf(options: ConfigOptions): string {
  const rows = Object.entries(options).map(
    ([name, option]) => [`  --${name}${valueName(option)}`, `${option.help}${sources(option)}`] as const,
  )
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `${left.padEnd(width)}  ${right}`).join('\n')
}

const valueName = (option: ConfigOption): string =>
  option.type === 'flag' ? '' : ` ${option.value ?? 'TEXT'}`

function sources(option: ConfigOption): string {
  const parts = [...(option.env ?? [])]
  if (option.type === 'list') parts.push('may be given again')
  if ('default' in option) parts.push(`default ${option.default}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
