import { describe, expect, test } from 'vitest'
import type { Session, SessionEvent, SessionState } from '../../src/server/session.js'
import { sessionAt } from '../support/sessions.js'

const EVENTS: readonly SessionEvent[] = ['handshake', 'accepted', 'refused', 'replaced', 'closed']

/** The whole table: each state, and what each event makes of it. Empty: there is no such step. */
const TABLE: [SessionState, Record<SessionEvent, SessionState | ''>][] = [
  ['anonymous', { handshake: 'proving', accepted: '', refused: '', replaced: '', closed: 'closed' }],
  [
    'proving',
    { handshake: '', accepted: 'authenticated', refused: 'anonymous', replaced: '', closed: 'closed' },
  ],
  [
    'authenticated',
    { handshake: 'reproving', accepted: '', refused: '', replaced: 'leaving', closed: 'closed' },
  ],
  [
    'reproving',
    {
      handshake: '',
      accepted: 'authenticated',
      refused: 'authenticated',
      replaced: 'leaving',
      closed: 'closed',
    },
  ],
  ['leaving', { handshake: '', accepted: '', refused: '', replaced: '', closed: 'closed' }],
  ['closed', { handshake: '', accepted: '', refused: '', replaced: '', closed: '' }],
]

const PATHS: Record<SessionState, SessionEvent[]> = {
  anonymous: [],
  proving: ['handshake'],
  authenticated: ['handshake', 'accepted'],
  reproving: ['handshake', 'accepted', 'handshake'],
  leaving: ['handshake', 'accepted', 'replaced'],
  closed: ['closed'],
}

const step = (session: Session, event: SessionEvent): boolean =>
  event === 'accepted' ? session.accept('hotkey') : session.apply(event)

function at(state: SessionState): Session {
  const session = sessionAt({ host: '127.0.0.1', port: 1 })
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
    ['leaving', false],
    ['closed', false],
  ])
})

test('a connection belongs to one validator', () => {
  const session = sessionAt({ host: '127.0.0.1', port: 1 })
  expect(session.hotkey).toBe('')
  session.apply('handshake')
  expect(session.hotkey).toBe('')
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
  expect([session.state, session.hotkey]).toEqual(['closed', ''])
})

describe('before its proof, a connection', () => {
  const stranger = () => sessionAt({ host: '127.0.0.1', port: 1 })

  test('opens 8 streams', () => {
    const session = stranger()
    for (let n = 1; n <= 8; n++) expect(session.takesStream()).toBe(true)
    expect(session.takesStream()).toBe(false)
  })

  test('sends 64 KiB', () => {
    const session = stranger()
    expect(session.takesBytes(64 * 1024)).toBe(true)
    expect(session.takesBytes(1)).toBe(false)
  })

  test('and after it as much as it likes', () => {
    const session = at('authenticated')
    for (let n = 1; n <= 100; n++)
      expect([session.takesStream(), session.takesBytes(1e6)]).toEqual([true, true])
  })
})

test('says when the last call is over', () => {
  const session = at('authenticated')
  let idle = 0
  session.whenIdle(() => idle++)
  expect(idle).toBe(1)
  session.callStarted()
  session.callStarted()
  session.whenIdle(() => idle++)
  session.callEnded()
  expect([idle, session.running]).toEqual([1, 1])
  session.callEnded()
  expect([idle, session.running]).toEqual([2, 0])
})
