import { expect, test } from 'vitest'
import { OnStart, OnStop } from '../../src/decorators/lifecycle.js'
import { hooksOf } from '../../src/decorators/metadata.js'

class Base {
  @OnStart() open() {}
  @OnStop() close() {}
}
class Derived extends Base {
  @OnStart() override open() {}
  @OnStart() warmUp() {}
  @OnStop() coolDown() {}
}

test('hooks are those of the ancestors, then its own, each once', () => {
  expect(hooksOf(new Derived(), 'start')).toEqual(['open', 'warmUp'])
  expect(hooksOf(new Derived(), 'stop')).toEqual(['close', 'coolDown'])
})

test('an ancestor is left as it was', () => {
  expect(hooksOf(new Base(), 'start')).toEqual(['open'])
  expect(hooksOf(new Base(), 'stop')).toEqual(['close'])
})

test('a class without any has none', () => expect(hooksOf({}, 'start')).toEqual([]))

test('an object without a prototype has none', () => expect(hooksOf(Object.create(null), 'stop')).toEqual([]))

test('a static method is refused by name', () => {
  const declare = () => {
    class Store {
      @OnStart() static open() {}
      close() {}
    }
    return Store
  }
  expect(declare).toThrow(
    expect.objectContaining({ code: 'CONFIG', message: expect.stringMatching(/^Store\.open: .*static/) }),
  )
})
