import { expect, test, vi } from 'vitest'

test('ws is loaded by the fake node alone, and its absence says what to do', async () => {
  const load = vi.fn(() => {
    throw new Error("Cannot find package 'ws'")
  })
  vi.doMock('ws', load)
  const { fakeNode, testSubnet } = await import('../../src/testing/index.js')
  await testSubnet().close()
  expect(load).toHaveBeenCalledTimes(0)
  await expect(fakeNode()).rejects.toMatchObject({
    code: 'CONFIG',
    message: "a fake node needs the package 'ws': run npm install ws",
  })
})
