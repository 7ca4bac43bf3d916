import { expect, test } from 'vitest'
import { systemClock } from '../../../src/clock.js'
import { Turn, type TurnMember } from '../../../src/transport/quiche/turn.js'
import { turn as loopTurn } from '../../support/frames.js'

/** A member that does not keep the loop awake, and writes down what the turn asks of it. */
class Member implements TurnMember {
  readonly isEstablished = false
  queuedToProcess = false
  queuedToTransmit = false
  readonly asked: string[] = []
  onProcess: (() => void) | undefined

  process(): void {
    this.asked.push('process')
    this.onProcess?.()
  }

  transmit(): boolean {
    this.asked.push('transmit')
    return false
  }
}

/** More turns of the loop than any order of the callbacks could need. */
async function loopTurns(): Promise<void> {
  for (let i = 0; i < 10; i++) await loopTurn()
}

test('what arrives in one turn is processed once, then sent', async () => {
  const turn = new Turn(systemClock)
  const member = new Member()
  for (let i = 0; i < 3; i++) turn.received(member)
  await loopTurns()
  expect(member.asked).toEqual(['process', 'transmit'])
})

// A reader that goes on (`resume`) in a promise continuation does so between the two callbacks of a turn. When nothing
// else happens on the connection, because the peer waits for credit, only this can set it going again.
test('what is received between processing and sending is processed in the next turn', async () => {
  const turn = new Turn(systemClock)
  const member = new Member()
  member.onProcess = () => {
    member.onProcess = undefined
    queueMicrotask(() => turn.received(member))
  }
  turn.received(member)
  await loopTurns()
  expect(member.asked.filter((what) => what === 'process')).toHaveLength(2)
})

test('what is received while processing is processed in the next turn', async () => {
  const turn = new Turn(systemClock)
  const member = new Member()
  member.onProcess = () => {
    member.onProcess = undefined
    turn.received(member)
  }
  turn.received(member)
  await loopTurns()
  expect(member.asked.filter((what) => what === 'process')).toHaveLength(2)
})
