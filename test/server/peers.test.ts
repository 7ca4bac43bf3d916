import { describe, expect, test } from 'vitest'
import { type Peer, Peers } from '../../src/server/peers.js'
import { FakeClock } from '../../src/testing/fake-clock.js'
import { memoryLinks } from '../../src/testing/memory/link.js'
import { turn } from '../support/frames.js'
import { sessionAt } from '../support/sessions.js'

const HOUR = 3_600_000

function peer(hotkey: string): Peer {
  const link = memoryLinks(Buffer.from('certificate')).miner
  const session = sessionAt(link.remote)
  session.apply('handshake')
  session.accept(hotkey)
  return { hotkey, link, session }
}

function peers(most: number) {
  const clock = new FakeClock()
  return { clock, peers: new Peers(most, clock) }
}

describe('a later connection of a hotkey', () => {
  test('closes the earlier one', async () => {
    const { peers: all } = peers(2)
    const [first, second] = [peer('a'), peer('a')]
    all.enter(first)
    all.enter(second)
    await turn()
    expect(first.link.closed).toMatchObject({ by: 'local', code: 0, reason: 'replaced', application: true })
    expect(second.link.closed).toBeUndefined()
    expect(all.size).toBe(1)
  })

  test('lets the earlier one finish what it is answering, and start nothing', async () => {
    const { peers: all, clock } = peers(2)
    const first = peer('a')
    all.enter(first)
    first.session.callStarted()
    all.enter(peer('a'))
    await turn()
    expect(first.session.isLeaving).toBe(true)
    expect(first.link.closed).toBeUndefined()
    first.session.callEnded()
    await turn()
    expect(first.link.closed).toMatchObject({ reason: 'replaced' })
    expect(clock.pending).toBe(0)
  })

  test('waits for that for 2 s and no longer', async () => {
    const { peers: all, clock } = peers(2)
    const first = peer('a')
    all.enter(first)
    first.session.callStarted()
    all.enter(peer('a'))
    clock.advance(1999)
    expect(first.link.closed).toBeUndefined()
    clock.advance(1)
    expect(first.link.closed).toMatchObject({ reason: 'replaced' })
  })

  test('gives the earlier one that time once a second, and else closes it at once', async () => {
    const { peers: all, clock } = peers(2)
    const busy = (): Peer => {
      const one = peer('a')
      one.session.callStarted()
      return one
    }
    const [first, second, third, fourth] = [busy(), busy(), busy(), busy()]
    for (const one of [first, second, third]) all.enter(one)
    expect([first.link.closed, second.link.closed?.reason]).toEqual([undefined, 'replaced'])
    clock.advance(1000)
    all.enter(fourth)
    expect(third.link.closed).toBeUndefined()
    expect(third.session.isLeaving).toBe(true)
  })

  test('is not meant by the same connection once more', async () => {
    const { peers: all } = peers(2)
    const only = peer('a')
    all.enter(only)
    all.enter(only)
    await turn()
    expect(only.link.closed).toBeUndefined()
    expect(only.session.isLeaving).toBe(false)
  })

  test('is not removed by the end of the one that it replaced', () => {
    const { peers: all } = peers(2)
    const [first, second] = [peer('a'), peer('a')]
    all.enter(first)
    all.enter(second)
    all.leave(first)
    expect([...all]).toEqual([second])
    all.leave(second)
    expect(all.size).toBe(0)
  })
})

describe('a full miner', () => {
  test('has no room, but for who is in', () => {
    const { peers: all } = peers(2)
    all.enter(peer('a'))
    expect(all.hasRoom('b')).toBe(true)
    all.enter(peer('b'))
    expect(['a', 'b', 'c'].map((hotkey) => all.hasRoom(hotkey))).toEqual([true, true, false])
  })

  test('has room for who was here within the hour, one in eight', () => {
    const { peers: all, clock } = peers(8)
    const [early, late] = [peer('early'), peer('late')]
    all.enter(early)
    all.enter(late)
    all.leave(early)
    all.leave(late)
    for (const hotkey of '12345678') all.enter(peer(hotkey))
    expect(all.hasRoom('stranger')).toBe(false)
    expect(all.hasRoom('early')).toBe(true)
    all.enter(peer('early'))
    expect(all.hasRoom('late')).toBe(false)
    expect(all.isKnown('late')).toBe(true)
    clock.advance(HOUR)
    expect(all.isKnown('late')).toBe(false)
  })

  test('forgets those who left when they are many', () => {
    const { peers: all } = peers(1)
    for (let n = 0; n <= 4096; n++) {
      const one = peer(`${n}`)
      all.enter(one)
      all.leave(one)
    }
    expect([all.isKnown('0'), all.isKnown('1'), all.isKnown('4096')]).toEqual([false, true, true])
  })
})

test('a hotkey that leaves in between is not given the time to drain more often', () => {
  const { peers: all } = peers(2)
  const busy = (): Peer => {
    const one = peer('a')
    one.session.callStarted()
    return one
  }
  const [first, second, third, fourth] = [busy(), busy(), busy(), busy()]
  all.enter(first)
  all.enter(second)
  all.leave(second)
  all.enter(third)
  all.enter(fourth)
  expect(first.link.closed).toBeUndefined()
  expect(third.link.closed).toMatchObject({ reason: 'replaced' })
})
