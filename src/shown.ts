/**
 * What a log line or an error may not hold as it is: control characters of both sets, among them new lines and what moves
 * a terminal's cursor; characters that turn the direction of writing or cannot be seen; line and paragraph separators;
 * halves of characters.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu

/** Of a peer's text, unless the place says otherwise: the protocol's own words are far shorter. */
const MOST_CHARACTERS = 256

/**
 * A peer's text as it may stand in a log line, an error's message, an event or a key of `stats()`: on one line, printable,
 * and cut at a length.
 */
export function shown(text: string, most = MOST_CHARACTERS): string {
  return printable(cut(text, most))
}

/** Its beginning, and how long it was, when it is longer. */
export const cut = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most)}... (${text.length} characters)`

/** The same text, with what is not printable as `\u` and four digits, which JSON reads as what it was. */
export const printable = (text: string): string => text.replace(UNPRINTABLE, escaped)

function escaped(character: string): string {
  let text = ''
  for (let i = 0; i < character.length; i++)
    text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  return text
}
