import { expect, test } from 'vitest'
import { checkAxon } from '../../src/client/axon.js'
import { minerSigner } from '../support/hotkeys.js'

const good = { hotkey: minerSigner.hotkey, host: '192.0.2.7', port: 8443 }

test.each([{}, { host: '::1' }, { host: '2001:db8::1' }, { port: 1 }, { port: 65_535 }])(
  '%j is fine',
  (change) => expect(() => checkAxon({ ...good, ...change })).not.toThrow(),
)

test.each([
  [{ hotkey: '' }, 'hotkey'],
  [{ hotkey: `${good.hotkey}x` }, 'hotkey'],
  [{ host: 'miner.example' }, 'node:dns'],
  [{ host: 'localhost' }, 'localhost'],
  [{ host: '' }, 'host'],
  [{ host: '192.0.2.256' }, '192.0.2.256'],
  [{ host: undefined }, 'host'],
  [{ port: 0 }, 'port is 0'],
  [{ port: 65_536 }, '65536'],
  [{ port: 1.5 }, '1.5'],
  [{ port: Number.NaN }, 'NaN'],
  [{ port: '8443' }, 'port'],
])('%j cannot be dialled', (change, mention) => {
  const check = () => checkAxon({ ...good, ...change } as typeof good)
  expect(check).toThrow(expect.objectContaining({ name: 'LevinError', code: 'CONFIG' }))
  expect(check).toThrow(mention)
})
