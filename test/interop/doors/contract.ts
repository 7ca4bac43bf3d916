/** The synapses of peers/bittensor/synapses.py, as Levin declares them. */
import { IsInt, IsNumber, IsOptional, IsString } from 'class-validator'
import { synapse } from '../../../src/index.js'

export class AskQuery {
  @IsString() city!: string
  @IsInt() days!: number
}

export class AskAnswer {
  @IsString() answer!: string
}

export const Ask = synapse('Ask', {
  request: AskQuery,
  response: AskAnswer,
  hashFields: ['city', 'days'],
  timeoutMs: 10_000,
})

export class SlowQuery {
  @IsNumber() seconds!: number
}

export const Slow = synapse('Slow', { request: SlowQuery, timeoutMs: 2_000 })

/** Any value at all, which the body's hash covers. */
export const Value = synapse('Value', { hashFields: ['value'] })

export class StoryQuery {
  @IsInt() pieces!: number
  @IsNumber() pause!: number
  /** What the dendrite gathers for itself. */
  @IsOptional() @IsString() text?: string | null
}

export const Story = synapse('Story', { request: StoryQuery, stream: true })
