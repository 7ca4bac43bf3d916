import { beforeEach, describe, expect, test } from 'vitest'
import { SharedStart } from '../../src/metagraph/shared-start.js'

let log: string[]
/** How many beginnings will fail. */
let failures: number
/** What begin waits for. */
let gate: Promise<void>
let run: SharedStart

beforeEach(() => {
  log = []
  failures = 0
  gate = Promise.resolve()
  run = new SharedStart(
    async () => {
      log.push('begin')
      await gate
      if (failures-- > 0) throw new Error('nothing to be had')
      log.push('begun')
    },
    async () => {
      log.push('end')
    },
  )
})

describe('several users', () => {
  test('begin with the first and end with the last', async () => {
    await Promise.all([run.start(), run.start()])
    await run.start()
    await run.stop()
    await run.stop()
    expect(log).toEqual(['begin', 'begun'])
    await run.stop()
    expect(log).toEqual(['begin', 'begun', 'end'])
  })

  test('all hear that it failed, and it can be tried again', async () => {
    failures = 1
    const starts = await Promise.allSettled([run.start(), run.start()])
    expect(starts.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await run.start()
    await run.stop()
    expect(log).toEqual(['begin', 'begin', 'begun', 'end'])
  })
})

test('a stop without a start is nothing', async () => {
  await run.stop()
  await run.start()
  expect(log).toEqual(['begin', 'begun'])
})

test('a stop while it begins waits, and a start after it begins anew', async () => {
  let open = () => {}
  gate = new Promise((resolve) => {
    open = resolve
  })
  const first = run.start()
  const stopped = run.stop()
  const second = run.start()
  open()
  await Promise.all([first, stopped, second])
  expect(log).toEqual(['begin', 'begun', 'end', 'begin', 'begun'])
  await run.stop()
  expect(log.at(-1)).toBe('end')
})

test('a beginning that fails after its stop leaves the next run alone', async () => {
  failures = 1
  const first = run.start()
  const stopped = run.stop()
  const second = run.start()
  await expect(first).rejects.toThrow('nothing to be had')
  await stopped
  await second
  await run.stop()
  expect(log).toEqual(['begin', 'begin', 'begun', 'end'])
})

test('an end that fails is told, and does not keep it from starting again', async () => {
  let fails = true
  const flaky = new SharedStart(
    async () => {},
    async () => {
      if (fails) throw new Error('stuck')
    },
  )
  await flaky.start()
  await expect(flaky.stop()).rejects.toThrow('stuck')
  fails = false
  await flaky.start()
  await expect(flaky.stop()).resolves.toBeUndefined()
})
