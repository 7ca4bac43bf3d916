import { expect, test } from 'vitest'
import { testKey } from '../../src/testing/index.js'

test("the development accounts are Substrate's", () => {
  const hotkeys = ['alice', 'bob', 'charlie', 'dave', 'eve', 'ferdie'].map((name) => testKey(name).hotkey)
  expect(hotkeys).toEqual([
    '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY',
    '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty',
    '5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y',
    '5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy',
    '5HGjWAeFDfFCWPsjFQdVV2Msvz2XtMktvgocEZcCj68kUMaw',
    '5CiPPseXPECbkjWCa6MnjNokrgYjMqmKndv2rSnekmSK2DjL',
  ])
})

test('every other name has a key of its own, always the same one', () => {
  expect(testKey('toString').hotkey).not.toBe(testKey('Alice').hotkey)
  expect(testKey('validator 7').hotkey).toBe('5Cg6yviwJy37AemwVHwZfzAPL5qyXZQhXxjtYKfsatpeBFsz')
})
