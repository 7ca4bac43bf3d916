import { Type } from 'class-transformer'
import {
  Allow,
  ArrayMaxSize,
  IsBoolean,
  IsEnum,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator'
import { expect, test } from 'vitest'
import { jsonSchemaOf } from '../../src/contract/json-schema.js'
import { IsBytes } from '../../src/index.js'

class Place {
  @IsNumber() @Min(-90) @Max(90) latitude!: number
}

class Base {
  @IsString() id!: string
}

class Query extends Base {
  @Length(1, 5) @Matches(/^[a-z]+$/) city!: string
  @IsOptional() @IsInt() days?: number
  @IsNumber({}, { each: true }) @ArrayMaxSize(3) celsius!: number[]
  @ValidateNested() @Type(() => Place) place!: Place
  @ValidateNested({ each: true }) @Type(() => Place) others!: Place[]
  @IsIn(['a', 'b']) kind!: string
  @IsEnum({ Slow: 'slow' }) pace!: string
  @IsBytes({ max: 9 }) image!: Uint8Array
  @IsBoolean() sure!: boolean
  @Allow() anything!: unknown
}

test('what decorators say, with ancestors, lists, optional and nested ones', () => {
  const place = {
    title: 'Place',
    type: 'object',
    properties: { latitude: { type: 'number', minimum: -90, maximum: 90 } },
    required: ['latitude'],
    additionalProperties: false,
  }
  const { properties, required, ...rest } = jsonSchemaOf(Query)
  expect(rest).toEqual({ title: 'Query', type: 'object', additionalProperties: false })
  expect(properties).toEqual({
    id: { type: 'string' },
    city: { minLength: 1, maxLength: 5, pattern: '^[a-z]+$' },
    days: { type: 'integer' },
    celsius: { type: 'array', maxItems: 3, items: { type: 'number' } },
    place,
    others: { type: 'array', items: place },
    kind: { enum: ['a', 'b'] },
    pace: { enum: ['slow'] },
    image: { description: 'bytes, 0 to 9' },
    sure: { type: 'boolean' },
    anything: {},
  })
  expect([...(required as string[])].sort()).toEqual(
    Object.keys(properties as object)
      .filter((name) => name !== 'days')
      .sort(),
  )
})

class Tree {
  @IsString() name!: string
  @ValidateNested({ each: true }) @Type(() => Tree) children!: Tree[]
}

test('a class that holds itself is written once', () => {
  expect(jsonSchemaOf(Tree)).toMatchObject({
    properties: { children: { items: { description: 'Tree, as above' } } },
  })
})
