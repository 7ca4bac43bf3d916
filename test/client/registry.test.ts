/** Reconnecting and reconciling under a clock that is moved by hand. */
import { describe, expect, test } from 'vitest'
import { type MinerAddress, Registry } from '../../src/client/registry.js'
import { type Axon, LevinError } from '../../src/index.js'
import { axon, code, idle, refused, registry, told } from './registries.js'

/** A connection to `hotkey`, which proved itself. */
function connected(to: Registry, wanted: Axon, nowMs = 0): MinerAddress {
  const { miner } = to.want(wanted)
  expect(to.verdict(miner, nowMs)).toBe('dial')
  to.dial(miner.address, idle)
  to.proved(miner.address, wanted.hotkey, 'quic')
  return miner.address
}

describe('asking', () => {
  test('dials once, lets others wait, and is then ready', () => {
    const known = registry()
    const { miner } = known.want(axon('a'))
    expect(known.verdict(miner, 0)).toBe('dial')
    known.dial(miner.address, idle)
    expect(known.verdict(miner, 0)).toBe('wait')
    expect(() => known.dial(miner.address, idle)).toThrow('connecting')
    known.proved(miner.address, 'a', 'quic')
    expect(known.verdict(miner, 0)).toBe('ready')
  })

  test('after a failure, its code is told until the wait is over', () => {
    const known = registry()
    const { miner } = known.want(axon('a'))
    known.dial(miner.address, idle)
    known.failed(miner.address, refused, 0, 0)
    expect(known.verdict(miner, 999)).toEqual(code('HANDSHAKE_REFUSED'))
    expect((known.verdict(miner, 999) as LevinError).message).toContain('for 1 ms, after 1 failures')
    expect(known.verdict(miner, 1000)).toBe('dial')
  })

  test('a connection that is lost is dialled again by the next query', () => {
    const known = registry()
    const address = connected(known, axon('a'))
    known.lost(address, new LevinError('CONNECTION_LOST', 'reset'))
    expect(known.verdict(known.miners.get('a')!, 0)).toBe('dial')
  })

  test('the door that answered last is the first to be tried, also after it was lost and did not answer', () => {
    const known = registry()
    known.reconcile([axon('a')], true, ['quic', 'bittensor10'])
    const { address } = known.miners.get('a')!
    expect(address.doorsToTry).toEqual(['quic', 'bittensor10'])
    known.dial(address, idle)
    known.proved(address, undefined, 'bittensor10')
    known.lost(address, new LevinError('CONNECTION_LOST', 'reset'))
    expect(address.doorsToTry).toEqual(['bittensor10', 'quic'])
    known.dial(address, idle)
    known.failed(address, refused, 0, 0)
    expect(address.doorsToTry).toEqual(['bittensor10', 'quic'])
  })

  test('of several hotkeys at one address, the one that answered is ready and the others are wrong', () => {
    const known = registry()
    connected(known, axon('a'))
    const { miner } = known.want(axon('b'))
    expect(known.verdict(miner, 0)).toEqual(code('WRONG_PEER'))
    expect(known.verdict(known.miners.get('a')!, 0)).toBe('ready')
    expect(known.connections).toBe(1)
  })

  test('who is on no list is asked where the axon says, and moves with it', () => {
    const known = registry()
    connected(known, axon('a', 1))
    const { miner, closings } = known.want(axon('a', 2))
    expect(told(closings)).toEqual([[1, 'miner_addr_changed']])
    expect(known.verdict(miner, 0)).toBe('dial')
  })

  test('who is on the list is asked where the list says', () => {
    const known = registry()
    known.reconcile([axon('a', 1)])
    expect(known.want(axon('a', 2)).miner.axon.port).toBe(1)
  })
})

describe('reconciling', () => {
  test('who is gone is closed, who moved is closed with another word, who stays is left alone', () => {
    const known = registry()
    for (const [hotkey, port] of [
      ['gone', 1],
      ['moved', 2],
      ['stays', 3],
    ] as const)
      connected(known, axon(hotkey, port))
    const { closings, gone } = known.reconcile([axon('moved', 4), axon('stays', 3), axon('new', 5)])
    expect(told(closings)).toEqual([
      [1, 'miner_deregistered'],
      [2, 'miner_addr_changed'],
    ])
    expect(gone).toEqual(['gone'])
    expect(known.verdict(known.miners.get('stays')!, 0)).toBe('ready')
    expect(known.verdict(known.miners.get('moved')!, 0)).toBe('dial')
    expect(known.verdict(known.miners.get('new')!, 0)).toBe('dial')
  })

  test('a connection stays while the hotkey that proved itself on it does', () => {
    const known = registry()
    connected(known, axon('a'))
    known.want(axon('b'))
    expect(told(known.reconcile([axon('a')]).closings)).toEqual([])
    known.reconcile([axon('a'), axon('b')])
    expect(told(known.reconcile([axon('b')]).closings)).toEqual([[1, 'miner_deregistered']])
    expect(known.verdict(known.miners.get('b')!, 0)).toBe('dial')
  })

  test('every address may be tried at once', () => {
    const known = registry()
    const { miner } = known.want(axon('a'))
    known.dial(miner.address, idle)
    known.failed(miner.address, refused, 0, 0)
    known.reconcile([axon('a')])
    expect(known.verdict(known.miners.get('a')!, 0)).toBe('dial')
  })

  test('one hotkey at two addresses is an error, and changes nothing', () => {
    const known = registry()
    connected(known, axon('a'))
    expect(() => known.reconcile([axon('b', 1), axon('b', 2)])).toThrow(code('CONFIG'))
    expect([...known.miners.keys()]).toEqual(['a'])
    expect(() => known.reconcile([axon('b', 2), axon('b', 2)])).not.toThrow()
  })

  test('so many addresses as there may be connections, and none more', () => {
    const known = registry(2)
    known.reconcile([axon('a', 1), axon('b', 2), axon('c', 2)])
    expect(() => known.reconcile([axon('a', 1), axon('b', 2), axon('c', 3)])).toThrow(code('LIMIT'))
    expect(known.miners.size).toBe(3)
  })
})

describe('the most connections', () => {
  test('what no list names, nobody uses, and was used least lately makes room', () => {
    const known = registry(3)
    const first = connected(known, axon('a', 1), 0)
    connected(known, axon('b', 2), 1)
    connected(known, axon('c', 3), 2)
    const { miner } = known.want(axon('d', 4))
    const { closings, gone } = known.dial(miner.address, (address) => address === first)
    expect(told(closings)).toEqual([[2, 'client_shutdown']])
    expect(gone).toEqual(['b'])
    expect(known.connections).toBe(3)
  })

  test('without one that can go, the limit is the answer', () => {
    const known = registry(1)
    known.reconcile([axon('a', 1)])
    known.dial(known.miners.get('a')!.address, idle)
    const { miner } = known.want(axon('b', 2))
    expect(() => known.dial(miner.address, idle)).toThrow(code('LIMIT'))
    expect(miner.address.phase).toBe('idle')
  })
})
