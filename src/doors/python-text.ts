/** What Python's `str` gives for JSON, of which the hashes of `bittensor` 10 are made. */
import { wellFormed } from './json/well-formed.js'

/**
 * `str(json.loads(json))`, as CPython 3.10 and later write it: a text as it is, and of anything else its `repr`. An integer
 * and a float are told apart by how they are written, `3` and `3.0`.
 *
 * Which characters a `repr` escapes depends on the version of Unicode: of one that was assigned since Node's or Python's
 * was made, the two may differ.
 *
 * @param json well-formed, as `parseJson` has taken it
 */
export function pythonText(json: string): string {
  const text = json.trim()
  return text.startsWith('"') ? parsed(text) : [...reprs(text)].join('')
}

/** A text up to its end, or a word or number, or one character of what joins them. Space is between them. */
const TOKEN = /"|[-+.\w]+|[[\]{},:]/g

const WORDS: Readonly<Record<string, string>> = {
  true: 'True',
  false: 'False',
  null: 'None',
  NaN: 'nan',
  Infinity: 'inf',
  '-Infinity': '-inf',
  ',': ', ',
  ':': ': ',
}

function* reprs(json: string): Iterable<string> {
  const token = new RegExp(TOKEN)
  for (let match = token.exec(json); match !== null; match = token.exec(json)) {
    const [text] = match
    if (text === '"') {
      const end = endOfText(json, match.index)
      token.lastIndex = end
      yield textRepr(parsed(json.slice(match.index, end)))
    } else yield WORDS[text] ?? (/^-?\d/.test(text) ? numberRepr(text) : text)
  }
}

/** Behind the quote that ends a text. */
function endOfText(json: string, start: number): number {
  let end = json.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(json, end)) end = json.indexOf('"', end + 1)
  return end === -1 ? json.length : end + 1
}

/** Whether an odd number of backslashes stands before. */
function isEscaped(json: string, at: number): boolean {
  let start = at
  while (json[start - 1] === '\\') start--
  return (at - start) % 2 === 1
}

/** As `parseJson` reads a text. */
const parsed = (json: string): string => wellFormed(JSON.parse(json))

function numberRepr(json: string): string {
  if (/^-?\d+$/.test(json)) return json === '-0' ? '0' : json
  return floatRepr(Number(json))
}

/** Python has an exponent from 1e16 on, and below 1e-4; its exponents have two digits at least. */
function floatRepr(value: number): string {
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (power >= 16 || power < -4) {
    return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
  }
  const text = String(value)
  return text.includes('.') ? text : `${text}.0`
}

/** What `str.isprintable` says no to, besides the space. */
const ESCAPED = /[\\\p{C}\p{Z}]/gu

const LETTERS: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  ' ': ' ',
}

function textRepr(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const written = text.replace(ESCAPED, escaped)
  return quote + (quote === "'" ? written.replaceAll("'", "\\'") : written) + quote
}

function escaped(character: string): string {
  const letter = LETTERS[character]
  if (letter !== undefined) return letter
  const code = character.codePointAt(0)!
  const hex = code.toString(16)
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`
}
