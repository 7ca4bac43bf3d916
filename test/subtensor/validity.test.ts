import { describe, expect, test } from 'vitest'
import { adviceOn, isFinal, refusalIn, refusalOf } from '../../src/subtensor/validity.js'
import { bytesOf } from './recorded.js'

const wish = { hotkey: '5F', netuid: 7, host: '192.0.2.1', port: 8091 }
const custom = (number: number) => ({ custom: number, text: `Custom error: ${number}` })

test.each([
  ['0x00000000', undefined],
  ['0x0100070a', custom(10)],
  ['0x0100070c', custom(12)],
  ['0x010007ff', custom(255)],
  ['0x010003', { custom: undefined, text: 'a nonce that was used' }],
  ['0x010004', { custom: undefined, text: 'a bad signature' }],
  ['0x010009', { custom: undefined, text: 'invalid transaction (9)' }],
  ['0x010100', { custom: undefined, text: 'the node cannot tell (0)' }],
  ['0x', { custom: undefined, text: 'the node gave no answer that is known' }],
  ['0x00', { custom: undefined, text: 'the node gave no answer that is known' }],
  ['0x01', { custom: undefined, text: 'the node gave no answer that is known' }],
  ['0x0102', { custom: undefined, text: 'the node gave no answer that is known' }],
  ['0x02', { custom: undefined, text: 'the node gave no answer that is known' }],
])('the runtime answers %s', (hex, refusal) => {
  expect(refusalIn(bytesOf(hex))).toEqual(refusal)
})

test.each([
  [{ code: 1010, message: 'Invalid Transaction', data: 'Custom error: 12' }, custom(12)],
  [
    { code: 1010, message: 'Invalid Transaction', data: 'bad' },
    { custom: undefined, text: 'bad' },
  ],
  [
    { code: 1010, message: 'm', data: { a: 1 } },
    { custom: undefined, text: 'invalid transaction' },
  ],
  [{ code: -32601, message: 'Method not found', data: undefined }, undefined],
])('a node refuses with %o', (error, refusal) => expect(refusalOf(error)).toEqual(refusal))

describe('each refusal is a sentence that says what to do', () => {
  test.each([
    [10, 'hotkey 5F is not registered on subnet 7: register it', false],
    [11, 'does not take the address 192.0.2.1: give the one at which others reach', true],
    [12, '50 blocks, about 10 minutes, later; it is tried again then', false],
    [13, 'does not take port 8091: give the port', true],
    [255, 'what kind of address 192.0.2.1 is: give an IPv4', true],
    [77, 'refused the axon: "Custom error: 77"; it is tried again', false],
  ])('%d', (number, sentence, final) => {
    expect(adviceOn(custom(number), wish)).toContain(sentence)
    expect(isFinal(custom(number))).toBe(final)
  })
})
