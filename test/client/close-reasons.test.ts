import { expect, test } from 'vitest'
import { inPlainWords } from '../../src/client/close-reasons.js'
import { CloseReason } from '../../src/wire/protocol-texts.js'

test.each([
  CloseReason.clientShutdown,
  CloseReason.minerDeregistered,
  CloseReason.minerAddressChanged,
  CloseReason.noAuthenticatedHotkeys,
])('%s is what this side did, and no fault of the miner', (reason) => {
  expect(inPlainWords(reason)).toMatch(`this side closed the connection (${reason})`)
})

test('what is no reason of the protocol stays as it is', () => {
  expect(inPlainWords('out of coffee')).toBe('out of coffee')
})
