import { expect, test } from 'vitest'

const decorated: ClassDecorator & MethodDecorator = () => {}

class Dependency {}
class Query {}
class Reply {}

@decorated
class Probe {
  constructor(
    readonly dependency: Dependency,
    readonly name: string,
    readonly queries: Query[],
  ) {}

  @decorated
  answer(_query: Query, _n: number): Reply {
    return new Reply()
  }
}

// tsyringe injects by the first and @Synapse reads the second. A transform that leaves them out would make every test of
// them pass by what it does not try, so that is looked at here and nowhere assumed.
test('TypeScript’s decorator metadata is emitted in the tests', () => {
  expect(Reflect.getMetadata('design:paramtypes', Probe)).toEqual([Dependency, String, Array])
  expect(Reflect.getMetadata('design:paramtypes', Probe.prototype, 'answer')).toEqual([Query, Number])
  expect(Reflect.getMetadata('design:returntype', Probe.prototype, 'answer')).toBe(Reply)
})
