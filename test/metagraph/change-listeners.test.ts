import { expect, test, vi } from 'vitest'
import { ChangeListeners } from '../../src/metagraph/change-listeners.js'

test('tells each listener until it goes', () => {
  const listeners = new ChangeListeners()
  const [one, other] = [vi.fn(), vi.fn()]
  const end = listeners.add(one)
  listeners.add(other)
  listeners.tell()
  end()
  listeners.tell()
  expect(one).toHaveBeenCalledTimes(1)
  expect(other).toHaveBeenCalledTimes(2)
})

test('a function that listens twice goes once at a time', () => {
  const listeners = new ChangeListeners()
  const look = vi.fn()
  const end = listeners.add(look)
  listeners.add(look)
  end()
  end()
  listeners.tell()
  expect(look).toHaveBeenCalledTimes(1)
})

test('one that throws keeps nobody from hearing, and who tells hears of it', () => {
  const listeners = new ChangeListeners()
  const other = vi.fn()
  listeners.add(() => {
    throw new Error('first')
  })
  listeners.add(() => {
    throw new Error('second')
  })
  listeners.add(other)
  expect(() => listeners.tell()).toThrow('first')
  expect(other).toHaveBeenCalledTimes(1)
})

test('one that listens while others are told waits for the next time', () => {
  const listeners = new ChangeListeners()
  const late = vi.fn()
  const end = listeners.add(() => {
    end()
    listeners.add(late)
  })
  listeners.tell()
  expect(late).not.toHaveBeenCalled()
  listeners.tell()
  expect(late).toHaveBeenCalledTimes(1)
})
