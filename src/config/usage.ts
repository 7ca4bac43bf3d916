import type { ConfigOption, ConfigOptions } from './options.js'

/** The lines of `--help` about options, one for each. */
export function usageOf(options: ConfigOptions): string {
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
