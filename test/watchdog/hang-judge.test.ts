import { expect, test } from 'vitest'
import { BEAT_MS, HangJudge } from '../../src/watchdog/hang-judge.js'

const HANG_MS = 1000

/** What a judge says to looks at these beats, each `BEAT_MS` after the last unless it says otherwise. */
function verdicts(
  looks: readonly { readonly beats: number; readonly afterMs?: number; readonly isDebugged?: boolean }[],
): (number | undefined)[] {
  const judge = new HangJudge(HANG_MS)
  let nowMs = 1_000_000
  return looks.map(({ beats, afterMs = BEAT_MS, isDebugged = false }) => {
    nowMs += afterMs
    return judge.look(beats, nowMs, isDebugged)
  })
}

const still = (count: number, look = {}) => Array.from({ length: count }, () => ({ beats: 7, ...look }))

test.each([
  ['a loop that beats', Array.from({ length: 30 }, (_, beats) => ({ beats })), undefined],
  ['one that is a look late each time', Array.from({ length: 30 }, (_, i) => ({ beats: i >> 1 })), undefined],
  ['no beat for almost the time', still(10), undefined],
  ['no beat for the time', still(11), HANG_MS],
  ['a beat in between', [...still(10), { beats: 8 }, { beats: 8 }], undefined],
  ['looks that come late, since everything is slow', still(8, { afterMs: 1.4 * BEAT_MS }), undefined],
  ['a machine that slept', [...still(2), { beats: 7, afterMs: 3_600_000 }, { beats: 7 }], undefined],
  ['a process that is stopped and goes on again and again', still(5, { afterMs: 30_000 }), undefined],
  ['a debugger', still(100, { isDebugged: true }), undefined],
  ['the time after a debugger', [...still(100, { isDebugged: true }), ...still(9)], undefined],
  ['a hang after a debugger', [...still(100, { isDebugged: true }), ...still(10)], HANG_MS],
  ['numbers that begin anew', [{ beats: 2 ** 31 - 1 }, { beats: -(2 ** 31) }, ...still(9)], undefined],
])('%s', (_what, looks, verdict) => {
  expect(verdicts(looks).at(-1)).toBe(verdict)
})
