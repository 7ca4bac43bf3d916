/** One try to reach a miner, with the network and the time in our hands. */
import { expect, test } from 'vitest'
import { Attempt } from '../../src/client/attempt.js'
import type { CloseInfo } from '../../src/transport/link.js'
import { scriptedDialler } from '../support/dialled.js'
import { turn } from '../support/frames.js'
import { minerSigner, signerOf } from '../support/hotkeys.js'
import { ScriptedMiner } from '../support/scripted-miner.js'

const LIMIT_MS = 30_000
const NO_WAY: CloseInfo = { by: 'failed', code: 1, reason: 'no way', application: false }

async function attempt() {
  const { dialled, dialler } = scriptedDialler()
  const settings = new ScriptedMiner(() => {}).settings({})
  const clock = settings.clock as unknown as { advance(ms: number): void }
  const address = { host: '127.0.0.1', port: 1 }
  const wanted = new Set([minerSigner.hotkey])
  const { result } = new Attempt(address, wanted, settings, Promise.resolve(dialler), LIMIT_MS)
  result.catch(() => {})
  await turn()
  const pass = async (ms: number) => {
    clock.advance(ms)
    await turn()
  }
  return { dialled, result, pass }
}

test('a link that comes to nothing in 5 s gets another one beside it, and the first to be proven counts', async () => {
  const { dialled, result, pass } = await attempt()
  await pass(4_999)
  expect(dialled).toHaveLength(1)
  await pass(1)
  expect(dialled).toHaveLength(2)
  const [slow, quick] = dialled
  quick!.events.onEstablished!()
  await expect(result).resolves.toMatchObject({ hotkey: minerSigner.hotkey, link: quick!.link })
  expect([slow!.closedWith, quick!.closedWith]).toEqual(['client_shutdown', undefined])
  await pass(LIMIT_MS)
  expect(dialled).toHaveLength(2)
})

test('one of two that breaks leaves the other; the last one that does is the failure', async () => {
  const { dialled, result, pass } = await attempt()
  await pass(5_000)
  const [first, second] = dialled
  first!.events.onClosed!(NO_WAY)
  await turn()
  second!.events.onClosed!(NO_WAY)
  await expect(result).rejects.toMatchObject({
    code: 'CANNOT_CONNECT',
    message: expect.stringContaining('no way'),
  })
})

test('a link whose handshake is not answered gets another one beside it, too', async () => {
  const { dialled, result, pass } = await attempt()
  dialled[0]!.isSilent = true
  dialled[0]!.events.onEstablished!()
  await pass(5_000)
  dialled[1]!.events.onEstablished!()
  await expect(result).resolves.toMatchObject({ link: dialled[1]!.link })
  expect(dialled[0]!.closedWith).toBe('client_shutdown')
})

test('what no other link can mend ends it at once', async () => {
  const { dialled, result, pass } = await attempt()
  await pass(5_000)
  dialled[1]!.signer = signerOf(9)
  dialled[1]!.events.onEstablished!()
  await expect(result).rejects.toMatchObject({ code: 'WRONG_PEER' })
  expect(dialled[0]!.closedWith).toBe('no_authenticated_hotkeys')
})

test('all are closed when the time is over', async () => {
  const { dialled, result, pass } = await attempt()
  for (let ms = 0; ms < LIMIT_MS; ms += 5_000) await pass(5_000)
  await expect(result).rejects.toMatchObject({ code: 'TIMED_OUT' })
  expect(dialled.map(({ closedWith }) => closedWith)).toEqual(Array(6).fill('no_authenticated_hotkeys'))
  await pass(LIMIT_MS)
  expect(dialled).toHaveLength(6)
})
