import { LevinError } from '../../errors.js'

/** `well`; `odd`: it works, and could be better; `ill`: it does not work; `skipped`: there was nothing to look at. */
export type State = 'well' | 'odd' | 'ill' | 'skipped'

/** What one check found, and what to do about it. */
export interface Finding {
  /** What was looked at, in a word or two. */
  readonly check: string
  readonly state: State
  readonly found: string
  /** With `odd` and `ill`. */
  readonly cure?: string
}

export const well = (check: string, found: string): Finding => ({ check, state: 'well', found })
export const odd = (check: string, found: string, cure: string): Finding => ({
  check,
  state: 'odd',
  found,
  cure,
})
export const ill = (check: string, found: string, cure: string): Finding => ({
  check,
  state: 'ill',
  found,
  cure,
})
export const skipped = (check: string, found: string): Finding => ({ check, state: 'skipped', found })

export const messageOf = (error: unknown): string => LevinError.from(error).message
