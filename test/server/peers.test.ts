import { expect, test } from 'vitest'
import { Peers } from '../../src/server/peers.js'
import { memoryLinks } from '../support/memory-link.js'

const link = () => memoryLinks(Buffer.from('certificate')).miner

test('a later connection of a hotkey closes the earlier one', () => {
  const peers = new Peers(2)
  const [first, second] = [link(), link()]
  peers.enter('a', first)
  peers.enter('a', second)
  expect(first.closed).toMatchObject({ by: 'local', code: 0, reason: 'replaced', application: true })
  expect(second.closed).toBeUndefined()
  expect(peers.size).toBe(1)
})

test('the same connection once more closes nothing', () => {
  const peers = new Peers(2)
  const only = link()
  peers.enter('a', only)
  peers.enter('a', only)
  expect(only.closed).toBeUndefined()
})

test('the end of a connection that was replaced does not remove its successor', () => {
  const peers = new Peers(1)
  const [first, second] = [link(), link()]
  peers.enter('a', first)
  peers.enter('a', second)
  peers.leave('a', first)
  expect(peers.hasRoom('b')).toBe(false)
  peers.leave('a', second)
  expect(peers.hasRoom('b')).toBe(true)
  expect(peers.size).toBe(0)
})

test('full is full, but not for who is in', () => {
  const peers = new Peers(2)
  peers.enter('a', link())
  expect(peers.hasRoom('b')).toBe(true)
  peers.enter('b', link())
  expect([peers.hasRoom('a'), peers.hasRoom('b'), peers.hasRoom('c')]).toEqual([true, true, false])
})
