/** What a request may cost, counted in what is done for it and not in time. */
import { Expose, Transform, Type } from 'class-transformer'
import {
  Allow,
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsInt,
  IsOptional,
  IsString,
  MaxLength,
  ValidateBy,
  ValidateNested,
} from 'class-validator'
import { beforeEach, describe, expect, test } from 'vitest'
import type { DtoClass } from '../../src/contract/definition.js'
import { describeDto } from '../../src/contract/dto.js'
import { DEFAULT_MAX_NESTED } from '../../src/contract/plan/nested-budget.js'

const done = { made: 0, checked: 0 }
beforeEach(() => Object.assign(done, { made: 0, checked: 0 }))

const Counted = (options = {}) =>
  ValidateBy(
    {
      name: 'counted',
      validator: {
        validate: (value) => {
          done.checked++
          return typeof value === 'string'
        },
        defaultMessage: () => '$property is no name',
      },
    },
    options,
  )

class Item {
  @Counted() name!: string
  @IsInt() n!: number
  constructor() {
    done.made++
  }
}

class Renamed {
  @Expose({ name: 'called' }) @Counted() name!: string
  constructor() {
    done.made++
  }
}

class Tree {
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Tree) within?: Tree[]
  constructor() {
    done.made++
  }
}

class Capped {
  @IsArray() @ArrayMaxSize(100) @ValidateNested({ each: true }) @Type(() => Item) list!: Item[]
}

class Uncapped {
  @ValidateNested({ each: true }) @Type(() => Item) list!: Item[]
}

class Remade {
  @ValidateNested({ each: true }) @Type(() => Renamed) list!: Renamed[]
}

class Words {
  @ArrayMaxSize(5) @Counted({ each: true }) capped: string[] = []
  @Counted({ each: true }) uncapped: string[] = []
  @IsString({ each: true }) @MaxLength(5, { each: true }) common: string[] = []
  @IsArray() @Type(() => Number) numbers: number[] = []
  @MaxLength(5) @Counted() text = ''
}

class Typed {
  @Allow() @Type(() => Number) numbers!: number[]
  @Allow() @Type(() => String) texts!: string[]
}

const bind = (type: DtoClass, data: object, maxNested?: number) =>
  describeDto(type, 'it', { maxNested }).instance(data, 'INVALID_REQUEST')
const refusal = (type: DtoClass, data: object, maxNested?: number): string => {
  try {
    bind(type, data, maxNested)
  } catch (error) {
    expect(error).toMatchObject({ name: 'LevinError', code: 'INVALID_REQUEST' })
    return (error as Error).message
  }
  throw new Error('it was taken')
}
const items = (count: number, item: object = { name: 'a', n: 1 }) => Array.from({ length: count }, () => item)

describe('a list that is longer than its class allows', () => {
  test('is refused before one instance is made of it, or one element checked', () => {
    expect(refusal(Capped, { list: items(40_000) })).toBe('it: list must contain no more than 100 elements')
    expect(done).toEqual({ made: 0, checked: 0 })
    expect(refusal(Capped, { list: items(101, { name: 1 }) })).not.toContain('no name')
  })

  test('and one that is as long is bound', () => {
    expect(bind(Capped, { list: items(100) })).toMatchObject({ list: items(100) })
    expect(done).toEqual({ made: 100, checked: 100 })
  })

  test('in an instance of ours is not walked either', () => {
    const list = items(101).map((item) => Object.assign(new Item(), item))
    refusal(Capped, Object.assign(new Capped(), { list }))
    expect(done).toEqual({ made: 101, checked: 0 })
  })

  test('of values, or a text that is too long, is not checked by anything else', () => {
    expect(refusal(Words, { capped: ['a', 'b', 'c', 'd', 'e', 1] })).toContain('no more than 5 elements')
    expect(refusal(Words, { text: 'longer' })).toContain('shorter than or equal to 5')
    expect(done.checked).toBe(1) // the default of the text
  })
})

describe('faults', () => {
  test('are looked for until as many are known as are named, and one more', () => {
    expect(refusal(Uncapped, { list: items(1000, { name: 1, n: 1 }) })).toMatch(
      /^it: (list\.\d: name is no name; ){8}and more$/,
    )
    expect(done).toEqual({ made: 1000, checked: 9 })
  })

  test('eight of them are all that there are', () => {
    expect(refusal(Uncapped, { list: items(8, { name: 1, n: 1 }) })).toMatch(/list\.7: name is no name$/)
  })
})

describe('nested objects', () => {
  test('there may be as many as the definition says', () => {
    bind(Uncapped, { list: items(10) }, 10)
    const { made } = done
    expect(refusal(Uncapped, { list: items(11) }, 10)).toBe(
      'it: more than 10 nested objects, and values of lists that are checked by more than the common checks; ' +
        "`maxNested` in the synapse's definition says how many there may be",
    )
    expect(made).toBe(10)
  })

  test('by default as many as the constant says; no more are made', () => {
    bind(Uncapped, { list: items(DEFAULT_MAX_NESTED) })
    done.made = 0
    expect(refusal(Uncapped, { list: items(40_000) })).toContain('maxNested')
    expect(done.made).toBeLessThanOrEqual(DEFAULT_MAX_NESTED)
  })

  test('none, when that is what the definition says; the outermost one is not nested', () => {
    bind(Uncapped, { list: [] }, 0)
    expect(refusal(Uncapped, { list: items(1) }, 0)).toContain('maxNested')
  })

  test('count wherever they are', () => {
    const tree = (depth: number): object =>
      depth === 0 ? {} : { within: [tree(depth - 1), tree(depth - 1)] }
    bind(Tree, tree(4), 30)
    expect(refusal(Tree, tree(4), 29)).toContain('maxNested')
  })

  test('count five times where class-transformer makes them', () => {
    bind(Remade, { list: items(10, { called: 'a' }) }, 50)
    expect(refusal(Remade, { list: items(11, { called: 'a' }) }, 50)).toContain('maxNested')
  })

  test('of an instance that is given count too', () => {
    const list = items(11).map((item) => Object.assign(new Item(), item))
    expect(refusal(Uncapped, Object.assign(new Uncapped(), { list }), 10)).toContain('maxNested')
  })
})

describe('values of a list', () => {
  test('count like nested objects where the check is an author’s', () => {
    bind(Words, { uncapped: items(10).map(() => 'a') }, 10)
    expect(refusal(Words, { uncapped: items(11).map(() => 'a') }, 10)).toContain('maxNested')
  })

  test('and where something has to be made of them', () => {
    bind(Words, { numbers: Array.from({ length: 100 }, (_, i) => i) }, 10)
    expect(refusal(Words, { numbers: Array.from({ length: 11 }, (_, i) => `${i}`) }, 10)).toContain(
      'maxNested',
    )
  })

  test('and where a check looks at the list as a whole', () => {
    class Unique {
      @ArrayUnique() list!: unknown[]
    }
    const list = (count: number) => ({ list: Array.from({ length: count }, (_, i) => i) })
    bind(Unique, list(10), 10)
    expect(refusal(Unique, list(11), 10)).toContain('maxNested')
  })

  test('but not where the checks are common ones', () => {
    bind(Words, { common: items(100_000).map(() => 'a') }, 10)
  })
})

test('a class that class-transformer has to make reads no more keys than it may', () => {
  class Bare {
    anything = 1
  }
  class Around {
    @Transform(({ value }) => value) @Type(() => Bare) bare!: Bare
    @IsInt() n!: number
  }
  const many = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]))
  expect(refusal(Around, { bare: many, n: 1 })).toMatch(/bare should not exist|maxNested/)
})

test('a list whose values are what it says they are is given as it is, and not copied', () => {
  const dto = describeDto(Typed, 'it', {})
  const numbers = [1, Number.NaN]
  const texts = ['a']
  const given = dto.plain(dto.instance({ numbers, texts }, 'INVALID_REQUEST')) as Typed
  expect(given.numbers).toBe(numbers)
  expect(given.texts).toBe(texts)
})
