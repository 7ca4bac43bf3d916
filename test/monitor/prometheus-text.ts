/** Prometheus' text format, read strictly: https://prometheus.io/docs/instrumenting/exposition_formats/ */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$/
const COMMENT = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/

/** @throws Error for a line that is none */
export function read(text: string): Sample[] {
  return lines(text).flatMap((line) => {
    if (line.startsWith('#')) {
      if (!COMMENT.test(line)) throw new Error(`not a comment of the format: ${line}`)
      return []
    }
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? []
    if (name === undefined) throw new Error(`not a sample: ${line}`)
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, is]) => [label!, is!])
    return { name, labels: Object.fromEntries(pairs), value: value === '+Inf' ? Infinity : Number(value) }
  })
}

/** What `promtool check metrics` and Prometheus' page on naming would object to. */
export function problemsOf(text: string): string[] {
  const problems: string[] = []
  const types = new Map<string, string>()
  const helped = new Set<string>()
  for (const line of lines(text)) {
    const [, kind, name, rest] = COMMENT.exec(line) ?? []
    if (kind === 'TYPE') types.set(name!, rest!)
    else if (kind === 'HELP') helped.add(name!)
  }
  for (const [name, type] of types) {
    if (!helped.has(name)) problems.push(`${name}: no help`)
    if ((type === 'counter') !== name.endsWith('_total')) problems.push(`${name}: a ${type}`)
    if (/_(ms|milliseconds|minutes|kb|mib)(_|$)/.test(name)) problems.push(`${name}: not in a base unit`)
    if (/[A-Z]/.test(name)) problems.push(`${name}: capitals`)
  }
  const seen = new Set<string>()
  for (const { name, labels, value } of read(text)) {
    const key = `${name}${JSON.stringify(labels)}`
    if (seen.has(key)) problems.push(`${key}: twice`)
    seen.add(key)
    if (Number.isNaN(value)) problems.push(`${key}: not a number`)
    if (!types.has(name.replace(/_(bucket|sum|count)$/, '')) && !types.has(name))
      problems.push(`${name}: no type`)
  }
  return problems
}

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '')
