/** Which engine is taken, and what is said when the wanted one is not there. */
import { afterEach, expect, test, vi } from 'vitest'

const QUINN = '../../src/transport/quinn/engine.js'
const QUICHE = '../../src/transport/quiche/engine.js'

/** As in a new process, where each of the two is there or is not. */
async function started(there: { quinn: boolean; quiche: boolean }) {
  vi.resetModules()
  vi.doMock(QUINN, () => ({
    loadQuinn() {
      if (there.quinn) return { name: 'quinn' }
      throw new Error('the native engine cannot be loaded: no binary, build one')
    },
  }))
  vi.doMock(QUICHE, () => ({
    get quicheEngine() {
      if (there.quiche) return { name: 'quiche' }
      throw new Error('no such file')
    },
  }))
  return import('../../src/transport/load-engine.js')
}

afterEach(() => {
  vi.doUnmock(QUINN)
  vi.doUnmock(QUICHE)
  vi.unstubAllEnvs()
})

test('auto is quinn where it loads, and says nothing', async () => {
  const { loadEngine } = await started({ quinn: true, quiche: true })
  expect(await loadEngine('auto')).toEqual({ engine: { name: 'quinn' } })
})

test('else it is quiche, and says once what to do', async () => {
  const { loadEngine } = await started({ quinn: false, quiche: true })
  expect(await loadEngine('auto')).toEqual({
    engine: { name: 'quiche' },
    notice: 'the native engine cannot be loaded: no binary, build one; running on quiche, which is slower',
  })
  expect(await loadEngine('auto')).toEqual({ engine: { name: 'quiche' } })
})

test('where neither loads, it says of both why', async () => {
  const { loadEngine } = await started({ quinn: false, quiche: false })
  await expect(loadEngine('auto')).rejects.toMatchObject({
    code: 'CONFIG',
    message: expect.stringMatching(
      /no binary, build one; and the engine quiche .* cannot be loaded here: no such file$/,
    ),
  })
})

test('one that was asked for is not replaced by the other', async () => {
  const { loadEngine } = await started({ quinn: false, quiche: true })
  await expect(loadEngine('quinn')).rejects.toThrow('no binary, build one')
  expect((await loadEngine('quiche')).engine.name).toBe('quiche')
})

test('the choice is the option, else the environment, else auto', async () => {
  const { checkEngine } = await started({ quinn: true, quiche: true })
  vi.stubEnv('LEVIN_ENGINE', 'quiche')
  expect(checkEngine('Miner', undefined)).toBe('quiche')
  expect(checkEngine('Miner', 'quinn')).toBe('quinn')
  vi.stubEnv('LEVIN_ENGINE', undefined)
  expect(checkEngine('Miner', undefined)).toBe('auto')
})

test('an engine that there is not is a mistake of who chose it', async () => {
  const { checkEngine } = await started({ quinn: true, quiche: true })
  expect(() => checkEngine('Miner', 'msquic' as never)).toThrow(
    "Miner: engine is 'msquic'; it is one of auto, quinn, quiche",
  )
  vi.stubEnv('LEVIN_ENGINE', 'msquic')
  expect(() => checkEngine('Miner', undefined)).toThrow("the environment variable LEVIN_ENGINE is 'msquic'")
})
