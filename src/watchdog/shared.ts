/** What the loop and the thread that watches it have in common. */

/** Numbers that both see, also while the loop hangs. */
export const Cell = { beats: 0, isDebugged: 1, doing: 2 } as const
export const CELLS = 3

/** What the thread is started with. */
export interface Watched {
  readonly cells: Int32Array
  readonly hangMs: number
  /** By their numbers in `Cell.doing`; 0 is nothing that has a name. */
  readonly names: readonly string[]
  /** Where a supervisor reads the reason. */
  readonly supervisorFd: number | undefined
}

/** What the thread is told later. */
export type Told = { readonly name: string } | { readonly running: readonly string[] }
