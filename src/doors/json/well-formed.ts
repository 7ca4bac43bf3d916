/** With `u`, a half that has its other half beside it is none. */
const HALVES = /\p{Surrogate}/gu

/** A text in which each half of a character is U+FFFD, which is what UTF-8 makes of it. */
export const wellFormed = (text: string): string => text.replace(HALVES, '\ufffd')
