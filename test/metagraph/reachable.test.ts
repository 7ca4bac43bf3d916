import { describe, expect, test } from 'vitest'
import { isReachable, routableAxon } from '../../src/metagraph/reachable.js'
import { neuronOf } from './neurons.js'

const axon = { host: '8.8.8.8', port: 8091, protocol: 4 }
const at = (host: string) => neuronOf(2, { active: true, axon: { ...axon, host } })

describe('hosts that the open internet can reach', () => {
  test.each([
    ['1.0.0.0', '0.255.255.255'],
    ['9.255.255.255', '10.0.0.0'],
    ['11.0.0.0', '10.255.255.255'],
    ['100.63.255.255', '100.64.0.0'],
    ['100.128.0.0', '100.127.255.255'],
    ['126.255.255.255', '127.0.0.1'],
    ['169.253.255.255', '169.254.0.1'],
    ['172.15.255.255', '172.16.0.0'],
    ['172.32.0.0', '172.31.255.255'],
    ['192.0.1.0', '192.0.0.255'],
    ['192.0.3.0', '192.0.2.255'],
    ['192.88.98.255', '192.88.99.0'],
    ['192.167.255.255', '192.168.0.0'],
    ['198.17.255.255', '198.18.0.0'],
    ['198.20.0.0', '198.19.255.255'],
    ['198.51.99.255', '198.51.100.1'],
    ['203.0.112.255', '203.0.113.1'],
    ['223.255.255.255', '224.0.0.0'],
    ['8.8.8.8', '255.255.255.255'],
  ])('%s is one, %s is none', (routable, special) => {
    expect(routableAxon(at(routable))?.host).toBe(routable)
    expect(routableAxon(at(special))).toBeUndefined()
  })

  test('no IPv6 address is one, as the reference has it', () => {
    expect(routableAxon(at('2606:4700::1111'))).toBeUndefined()
  })

  test('nor is no address', () => expect(routableAxon(neuronOf(2))).toBeUndefined())
})

test('a miner is reachable when all of it is right', () => {
  const good = at('8.8.8.8')
  expect(isReachable(good)).toBe(true)
  expect(isReachable({ ...good, active: false })).toBe(false)
  expect(isReachable(neuronOf(2, { axon }))).toBe(false)
  expect(isReachable({ ...good, validatorPermit: true })).toBe(false)
  expect(isReachable({ ...good, axon: { ...axon, port: 0 } })).toBe(false)
  expect(isReachable({ ...good, axon: { ...axon, protocol: 0 } })).toBe(false)
  expect(isReachable(at('10.0.0.1'))).toBe(false)
})
