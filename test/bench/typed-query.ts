/** The validated requests of the benchmark. */

import { Type } from 'class-transformer'
import { IsInt, IsString, Max, Min } from 'class-validator'
import { IsBytes } from 'levin'

export class TypedQuery {
  @IsString() city!: string
  @IsInt() @Min(1) @Max(14) days!: number
  @IsBytes({ max: 2 * 1024 * 1024 }) payload!: Uint8Array
}

/** The same, but class-transformer has something to do for it, and so walks all of it. */
export class TransformedQuery extends TypedQuery {
  @Type(() => String) declare city: string
}
