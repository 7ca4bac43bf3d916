/** What the miner answers. The validator imports this file too, so both ends agree on names, types and limits. */
import { Type } from 'class-transformer'
import { IsBoolean, IsInt, IsNumber, IsString, Length, Max, Min, ValidateNested } from 'class-validator'
import { synapse } from 'levin'

export class TextQuery {
  @Length(1, 100_000) text!: string
}

export class LimitedTextQuery extends TextQuery {
  /** How many keywords or sentences. */
  @IsInt() @Min(1) @Max(20) limit!: number
}

export class LanguageGuess {
  /** ISO 639-1. */
  @IsString() language!: string
  @IsNumber() @Min(0) @Max(1) confidence!: number
}

export class Identification {
  /** Most likely first; empty for a text without letters. */
  @ValidateNested({ each: true }) @Type(() => LanguageGuess) guesses!: LanguageGuess[]
  @IsBoolean() reliable!: boolean
}

export class KeywordList {
  @IsString({ each: true }) words!: string[]
}

export class SummarySentence {
  /** Where the sentence stands in the text, from 0. */
  @IsInt() @Min(0) position!: number
  @IsString() text!: string
}

/** Answered once. */
export const Identify = synapse('Identify', { request: TextQuery, response: Identification })
export const Keywords = synapse('Keywords', { request: LimitedTextQuery, response: KeywordList })

/** Answered with a stream: of instances of a class, or of bytes. */
export const Summarise = synapse('Summarise', { request: LimitedTextQuery, stream: SummarySentence })
export const Highlight = synapse('Highlight', { request: LimitedTextQuery, stream: true, timeoutMs: 10_000 })
