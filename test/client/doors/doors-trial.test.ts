/** One try to reach an address by several doors: QUIC and the time in our hands, and a real TCP port. */
import { type AddressInfo, createServer } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Attempt } from '../../../src/client/attempt.js'
import { DoorsTrial } from '../../../src/client/doors/doors-trial.js'
import type { Door } from '../../../src/index.js'
import { LevinError } from '../../../src/index.js'
import type { CloseInfo } from '../../../src/transport/link.js'
import { scriptedDialler } from '../../support/dialled.js'
import { turn, until } from '../../support/frames.js'
import { minerSigner } from '../../support/hotkeys.js'
import { ScriptedMiner } from '../../support/scripted-miner.js'

const NO_WAY: CloseInfo = { by: 'failed', code: 1, reason: 'no way', application: false }

/** @param isOpen whether somebody takes TCP connections there */
async function trial(doors: readonly Door[], isOpen: boolean) {
  let connections = 0
  const server = createServer((socket) => {
    connections++
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const closed = () => new Promise<void>((resolve) => void server.close(() => resolve()))
  const address = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }
  if (isOpen) onTestFinished(closed)
  else await closed()
  const scripted = new ScriptedMiner(() => {})
  const settings = scripted.settings({ connectTimeoutMs: 30_000 })
  const { dialled, dialler } = scriptedDialler()
  const wanted = new Set([minerSigner.hotkey])
  const byQuic = () => new Attempt(address, wanted, settings, Promise.resolve(dialler), 30_000)
  const trial = new DoorsTrial(address, doors, settings, byQuic)
  trial.result.catch(() => {})
  await turn()
  const { clock } = scripted
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await turn()
  }
  return { trial, result: trial.result, dialled, clock, pass, connections: () => connections }
}

test('the second door is tried beside the first after a second, and the first to answer counts', async () => {
  const { result, dialled, clock, pass, connections } = await trial(['quic', 'btauth'], true)
  const before = clock.pending
  await pass(999)
  expect([dialled.length, clock.pending]).toEqual([1, before])
  await pass(1)
  await expect(result).resolves.toMatchObject({ door: 'btauth', hotkey: undefined })
  await until(() => connections() === 1)
  expect(dialled.map(({ closedWith }) => closedWith)).toEqual(['client_shutdown'])
  expect(clock.pending).toBe(0)
})

test('a door that answers within its second is the only one that is tried', async () => {
  const { result, dialled, clock, pass, connections } = await trial(['quic', 'btauth'], true)
  await pass(999)
  dialled[0]!.events.onEstablished!()
  await expect(result).resolves.toMatchObject({ door: 'quic', hotkey: minerSigner.hotkey })
  await pass(60_000)
  expect([connections(), clock.pending, dialled[0]!.closedWith]).toEqual([0, 0, undefined])
})

test('one that fails is followed by the next at once', async () => {
  const { result, dialled, clock } = await trial(['quic', 'bittensor10'], true)
  dialled[0]!.events.onClosed!(NO_WAY)
  await expect(result).resolves.toMatchObject({ door: 'bittensor10' })
  expect(clock.monotonicMs()).toBe(0)
})

test('the order is the one that is given', async () => {
  const { result, dialled } = await trial(['btauth', 'quic'], true)
  await expect(result).resolves.toMatchObject({ door: 'btauth' })
  expect(dialled).toEqual([])
})

test('one door alone has nobody beside it', async () => {
  const { result, clock } = await trial(['btauth'], false)
  expect(clock.pending).toBe(1) // its own time
  await expect(result).rejects.toMatchObject({ code: 'CANNOT_CONNECT' })
  expect(clock.pending).toBe(0)
})

test('when all fail, the code is that of the first door, whenever that failed, and each is told', async () => {
  const { result, dialled, clock, pass } = await trial(['quic', 'btauth'], false)
  const before = clock.pending
  await pass(1_000)
  await until(() => clock.pending < before) // the second has failed, and the first is waited for
  expect(dialled).toHaveLength(1)
  await pass(29_000)
  const error: LevinError = await result.catch((thrown) => thrown)
  expect(error).toMatchObject({ name: 'LevinError', code: 'TIMED_OUT' })
  expect(error.message).toMatch(/^connecting to .* took over 30000 ms; cannot connect to .* \(TCP\)/)
  expect(clock.pending).toBe(0)
})

test('given up, it tries no more, and ends what runs', async () => {
  const { trial: given, result, dialled, clock, pass, connections } = await trial(['quic', 'btauth'], true)
  given.giveUp(new LevinError('ABORTED', 'not wanted'))
  await expect(result).rejects.toMatchObject({ code: 'ABORTED' })
  await pass(60_000)
  expect([connections(), clock.pending]).toEqual([0, 0])
  expect(dialled[0]!.closedWith).toBeDefined()
})
