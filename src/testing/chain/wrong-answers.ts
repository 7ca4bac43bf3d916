/** What a broken fake node sends in place of an answer. */
import type { Misbehaviour } from './misbehaviour.js'

const HUGE_BYTES = 20 * 2 ** 20

/** `%` stands for the id of the request. */
const NOT_JSON = [
  '<html>502 Bad Gateway</html>',
  '{"jsonrpc":"2.0","id":%,"result":',
  Uint8Array.of(0xff, 0x00, 0xfe),
  '',
]
const WRONG_SHAPES = [
  '{"jsonrpc":"2.0","id":%,"result":null}',
  '{"jsonrpc":"2.0","id":%,"result":42}',
  '{"jsonrpc":"2.0","id":%,"result":"0xzz"}',
  '{"jsonrpc":"2.0","id":%,"result":[]}',
  '{"jsonrpc":"2.0","id":%,"result":{"hash":{}}}',
  '{"jsonrpc":"2.0","id":%,"error":null}',
  '{"jsonrpc":"2.0","id":%,"error":"no"}',
  '{"jsonrpc":"2.0","id":%}',
  '{"jsonrpc":"2.0","id":"someone else\'s","result":"0x00"}',
  '{"jsonrpc":"2.0","method":"chain_newHead","params":null}',
  '[]',
  '[null,{"id":%}]',
  '"text"',
  '{}',
]

interface Socket {
  send(message: string | Uint8Array): void
  terminate(): void
}

/**
 * Answers a request in place of the node, where the kind is one that does.
 * @param turn counts up, so that each wrong thing has its turn
 * @returns whether the request is dealt with
 */
export function answerWrongly(kind: Misbehaviour, socket: Socket, id: unknown, turn: number): boolean {
  const say = (texts: readonly (string | Uint8Array)[]): true => {
    const text = texts[turn % texts.length]!
    socket.send(typeof text === 'string' ? text.replace('%', () => JSON.stringify(id ?? null)) : text)
    return true
  }
  switch (kind) {
    case 'stall':
    case 'half-open':
      return true
    case 'drop':
      socket.terminate()
      return true
    case 'not-json':
      return say(NOT_JSON)
    case 'null':
      return say(['null'])
    case 'wrong-shapes':
      return say(WRONG_SHAPES)
    case 'huge':
      return say([`{"jsonrpc":"2.0","id":%,"result":"0x${'00'.repeat(HUGE_BYTES / 2)}"}`])
    default:
      return false
  }
}
