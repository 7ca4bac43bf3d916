import { expect, test, vi } from 'vitest'

test('ws is loaded when the chain is asked, and its absence says what to do', async () => {
  const load = vi.fn(() => {
    throw new Error("Cannot find package 'ws'")
  })
  vi.doMock('ws', load)
  await import('../../src/index.js')
  const { subtensor } = await import('../../src/subtensor/index.js')
  const source = subtensor({ network: 'local', netuid: 1 })
  expect(load).toHaveBeenCalledTimes(0)
  await expect(source.start()).rejects.toMatchObject({
    code: 'CONFIG',
    message: "asking the chain needs the package 'ws': run npm install ws",
  })
  expect(load).toHaveBeenCalledTimes(1)
})
