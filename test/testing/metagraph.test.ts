import { expect, test } from 'vitest'
import { testKey, testMetagraph } from '../../src/testing/index.js'

const alice = testKey('alice').hotkey

test('a neuron is put, changed and removed, and who looks is told each time', () => {
  const metagraph = testMetagraph([
    { hotkey: testKey('bob').hotkey, uid: 0, stake: 5, validatorPermit: true },
  ])
  let looks = 0
  metagraph.onChange(() => looks++)
  metagraph.put('alice')
  expect(metagraph.neuron(alice)).toEqual({ hotkey: alice, uid: 1, stake: 0, validatorPermit: false })
  metagraph.put({ hotkey: alice }, { stake: 7, taoStake: 3 })
  metagraph.put(testKey('alice'), { validatorPermit: true })
  expect(metagraph.neuron(alice)).toEqual({
    hotkey: alice,
    uid: 1,
    stake: 7,
    taoStake: 3,
    validatorPermit: true,
  })
  metagraph.put('alice', { validatorPermit: true }) // nothing new
  metagraph.remove('bob')
  metagraph.put('charlie')
  expect(metagraph.neuron(testKey('charlie').hotkey)?.uid).toBe(0)
  metagraph.remove('alice')
  metagraph.remove('alice')
  expect([metagraph.neuron(alice), looks]).toEqual([undefined, 6])
})

test('what is no neuron changes nothing', () => {
  const metagraph = testMetagraph()
  metagraph.put('alice')
  expect(() => metagraph.put('bob', { uid: 0 })).toThrow(`uid is 0; it is that of ${alice}`)
  expect(() => metagraph.put('alice', { stake: -1 })).toThrow('stake is -1')
  expect(() => metagraph.age(-1)).toThrow('-1 is no number of milliseconds')
  expect([[...metagraph.neurons()].length, metagraph.ageMs()]).toEqual([1, 0])
})
