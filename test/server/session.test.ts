import { expect, test } from 'vitest'
import { Session, type SessionEvent, type SessionState } from '../../src/server/session.js'

const EVENTS: readonly SessionEvent[] = ['handshake', 'accepted', 'refused', 'closed']

/** The whole table: each state, and what each event makes of it. Empty: there is no such step. */
const TABLE: [SessionState, Record<SessionEvent, SessionState | ''>][] = [
  ['anonymous', { handshake: 'proving', accepted: '', refused: '', closed: 'closed' }],
  ['proving', { handshake: '', accepted: 'authenticated', refused: 'anonymous', closed: 'closed' }],
  ['authenticated', { handshake: 'reproving', accepted: '', refused: '', closed: 'closed' }],
  ['reproving', { handshake: '', accepted: 'authenticated', refused: 'authenticated', closed: 'closed' }],
  ['closed', { handshake: '', accepted: '', refused: '', closed: '' }],
]

const PATHS: Record<SessionState, SessionEvent[]> = {
  anonymous: [],
  proving: ['handshake'],
  authenticated: ['handshake', 'accepted'],
  reproving: ['handshake', 'accepted', 'handshake'],
  closed: ['closed'],
}

const step = (session: Session, event: SessionEvent): boolean =>
  event === 'accepted' ? session.accept('hotkey') : session.apply(event)

function at(state: SessionState): Session {
  const session = new Session()
  for (const event of PATHS[state]) step(session, event)
  expect(session.state).toBe(state)
  return session
}

const cases = TABLE.flatMap(([state, row]) => EVENTS.map((event) => [state, event, row[event]] as const))

test.each(cases)('%s, %s: %s', (state, event, next) => {
  const session = at(state)
  expect(step(session, event)).toBe(next !== '')
  expect(session.state).toBe(next === '' ? state : next)
})

test('synapses are answered from the first proof on, and while another is looked at', () => {
  expect(TABLE.map(([state]) => [state, at(state).isAuthenticated])).toEqual([
    ['anonymous', false],
    ['proving', false],
    ['authenticated', true],
    ['reproving', true],
    ['closed', false],
  ])
})

test('a connection belongs to one validator', () => {
  const session = new Session()
  expect(session.hotkey).toBeUndefined()
  session.apply('handshake')
  expect(session.hotkey).toBeUndefined()
  expect(session.accept('one')).toBe(true)
  expect(session.hotkey).toBe('one')
  session.apply('handshake')
  expect(session.accept('another')).toBe(false)
  expect([session.hotkey, session.state]).toEqual(['one', 'reproving'])
  expect(session.accept('one')).toBe(true)
})

test('a proof that comes after the end changes nothing', () => {
  const session = at('proving')
  session.apply('closed')
  expect(session.accept('hotkey')).toBe(false)
  expect([session.state, session.hotkey]).toEqual(['closed', undefined])
})
