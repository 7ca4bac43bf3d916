/** Who is let in and who is not: every rule of the handshake at both of its edges, over one miner. */
import { expect, test } from 'vitest'
import { NonceCache } from '../../src/auth/nonce-cache.js'
import { requestTranscript } from '../../src/auth/transcript.js'
import { synapse } from '../../src/contract/definition.js'
import { signerOf, validatorSigner } from '../support/hotkeys.js'
import { type HandshakeChange, handler, type Peer, ServedMiner } from '../support/served-miner.js'

const echo = handler(synapse('echo', {}), (data) => data)
const seconds = (n: number) => (peer: Peer) => peer.handshake({ now: peer.nowMs + n * 1000 })

const signedOver = (fingerprint: string) => async (peer: Peer) => {
  const { validatorHotkey, timestamp, nonce } = await peer.handshakeRequest()
  const text = requestTranscript({ validatorHotkey, timestamp, nonce, fingerprint })
  const signature = Buffer.from(await validatorSigner.sign(text)).toString('base64')
  return peer.handshake({ fields: { nonce, signature } })
}

const fields = (change: HandshakeChange['fields']) => (peer: Peer) => peer.handshake({ fields: change! })

test.each<[what: string, ask: (peer: Peer) => Promise<object>, reason: string | undefined]>([
  ['no skew', seconds(0), undefined],
  ['59 s ahead', seconds(59), undefined],
  ['60 s ahead', seconds(60), undefined],
  ['61 s ahead', seconds(61), 'in the future'],
  ['299 s behind', seconds(-299), undefined],
  ['300 s behind', seconds(-300), 'too old'],
  ['301 s behind', seconds(-301), 'too old'],
  ['over another certificate', signedOver('another'), 'wrong signature'],
  ['signed by another', fields({ validatorHotkey: signerOf(3).hotkey }), 'wrong signature'],
  ['a nonce of 31 digits', fields({ nonce: '0'.repeat(31) }), 'malformed nonce'],
  ['a nonce in capitals that was not signed', fields({ nonce: 'A'.repeat(32) }), 'wrong signature'],
  ['no hotkey', fields({ validatorHotkey: '' }), 'malformed hotkey'],
  [
    'a signature of 63 bytes',
    fields({ signature: Buffer.alloc(63).toString('base64') }),
    'malformed signature',
  ],
])('%s', async (_, ask, reason) => {
  const miner = new ServedMiner([echo])
  expect(await ask(miner.connect())).toMatchObject({ accepted: reason === undefined })
  expect(miner.handshakes).toMatchObject([{ accepted: reason === undefined, reason }])
})

test('the observer is told the skew and the rate', async () => {
  const miner = new ServedMiner([echo])
  await seconds(61)(miner.connect())
  await seconds(-299)(miner.connect())
  expect(miner.handshakes).toMatchObject([
    { accepted: false, skewSeconds: 61, rate: 1, hotkey: validatorSigner.hotkey },
    { accepted: true, skewSeconds: -299, rate: 2, hotkey: validatorSigner.hotkey },
  ])
})

test('a replay is refused, on the same connection and on another', async () => {
  const miner = new ServedMiner([echo])
  const peer = miner.connect()
  const request = await peer.handshakeRequest()
  expect(await peer.handshake({ fields: request })).toMatchObject({ accepted: true })
  expect(await peer.handshake({ fields: request })).toMatchObject({ accepted: false })
  expect(await miner.connect().handshake({ fields: request })).toMatchObject({ accepted: false })
  expect(miner.handshakes.map(({ reason }) => reason)).toEqual([
    undefined,
    'nonce already used',
    'nonce already used',
  ])
})

test('the 31st attempt of a stranger within a minute is refused unread', async () => {
  const miner = new ServedMiner([echo])
  for (let n = 1; n <= 30; n++) await miner.connect().handshake({ fields: { signature: '' } })
  const refused = await miner.connect().handshake()
  expect(refused).toMatchObject({ accepted: false, minerHotkey: '' })
  expect(miner.handshakes.at(-1)).toMatchObject({ reason: 'too many attempts', hotkey: '', rate: 31 })
  miner.clock.advance(60_000)
  expect(await miner.connect().handshake()).toMatchObject({ accepted: true })
})

test('of 100,001 nonces the last one finds no room, and none before it is forgotten', () => {
  const nonces = new NonceCache()
  const key = (n: number) => Buffer.alloc(32, Math.floor(n / 1000) + 1)
  const nonce = (n: number) => n.toString(16).padStart(32, '0')
  for (let n = 0; n < 100_000; n++) expect(nonces.record(key(n), nonce(n), 0)).toBe('recorded')
  expect(nonces.record(Buffer.alloc(32, 255), nonce(100_000), 0)).toBe('full')
  for (const n of [0, 1, 50_000, 99_999]) expect(nonces.record(key(n), nonce(n), 1)).toBe('used')
})

test('a flood of strangers is not paid for in signature checks, and one that was here goes first', async () => {
  const miner = new ServedMiner([echo], { handshakesPerMinute: 1_000_000, maxValidators: 1000 })
  await miner.authenticated()
  const wrong = { signature: Buffer.alloc(64).toString('base64') }
  const reasons = new Map<string | undefined, number>()
  for (let n = 0; n < 600; n++) {
    await miner.connect().handshake({ signer: signerOf(3), fields: wrong })
    const { reason } = miner.handshakes.at(-1)!
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
  }
  expect([...reasons.keys()]).toEqual([expect.any(String), 'too many signature checks'])
  expect(reasons.get('too many signature checks')).toBe(600 - 499) // the first validator took one
  expect(await miner.connect().handshake()).toMatchObject({ accepted: true })
  expect(await miner.connect('192.0.2.9').handshake()).toMatchObject({ accepted: true })
})

test('nor is a flood that claims a known hotkey, and that one comes back from where it was', async () => {
  const miner = new ServedMiner([echo], { handshakesPerMinute: 1_000_000 })
  await miner.authenticated()
  const fields = { signature: Buffer.alloc(64).toString('base64') }
  for (let n = 0; n < 600; n++) await miner.connect('192.0.2.9').handshake({ fields })
  const checked = miner.handshakes.filter(({ reason }) => reason !== 'too many signature checks')
  expect(checked).toHaveLength(1 + 500)
  expect(await miner.connect().handshake()).toMatchObject({ accepted: true })
  expect(await miner.connect('192.0.2.8').handshake({ signer: signerOf(3) })).toMatchObject({
    accepted: true,
  })
})

test('an address is known for as long as a validator is there, and for an hour more', async () => {
  const miner = new ServedMiner([echo])
  const { rate } = miner.service.admission
  const peer = await miner.authenticated()
  await peer.handshake()
  await miner.authenticated() // replaces it
  miner.clock.advance(86_400_000)
  expect(rate.isKnown('127.0.0.1')).toBe(true)
  const again = await miner.authenticated()
  again.link.close(0, 'client_shutdown')
  miner.clock.advance(3_599_999)
  expect(rate.isKnown('127.0.0.1')).toBe(true)
  miner.clock.advance(1)
  expect(rate.isKnown('127.0.0.1')).toBe(false)
})
