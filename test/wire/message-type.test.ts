import { expect, test } from 'vitest'
import { isMessageType, MessageType, messageTypeName } from '../../src/wire/message-type.js'

test('six types, each with a name, and nothing else', () => {
  const known = Array.from({ length: 256 }, (_, byte) => byte).filter(isMessageType)
  expect(known).toEqual([1, 2, 3, 4, 5, 6])
  expect(known.map(messageTypeName)).toEqual(Object.keys(MessageType))
  expect(messageTypeName(0)).toBe('0x00')
  expect(messageTypeName(0xff)).toBe('0xff')
})
