/** The first byte of a frame. Bytes as the protocol gives them. */
export const MessageType = {
  HandshakeRequest: 0x01,
  HandshakeResponse: 0x02,
  SynapsePacket: 0x03,
  SynapseResponse: 0x04,
  StreamChunk: 0x05,
  StreamEnd: 0x06,
} as const

export type MessageType = (typeof MessageType)[keyof typeof MessageType]

const NAMES: readonly string[] = Object.entries(MessageType).reduce<string[]>((names, [name, type]) => {
  names[type] = name
  return names
}, [])

/** Whether `byte` is one of the six types. */
export function isMessageType(byte: number): byte is MessageType {
  return byte >= MessageType.HandshakeRequest && byte <= MessageType.StreamEnd
}

/** A type's name for messages and logs, for instance `SynapsePacket`; an unknown byte as `0x2a`. */
export function messageTypeName(byte: number): string {
  return NAMES[byte] ?? `0x${byte.toString(16).padStart(2, '0')}`
}
