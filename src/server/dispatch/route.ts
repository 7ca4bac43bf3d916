/** Everything about one synapse that can be worked out before the first request. */
import type { DtoClass, SynapseDefinition } from '../../contract/definition.js'
import { type Dto, describeDto } from '../../contract/dto.js'
import { EncodedMap } from '../../wire/value.js'
import type { LiveCall } from '../call.js'
import { compose } from '../policy/compose.js'
import type { AnyMiddleware } from '../policy/middleware.js'
import { type CallTally, newTally } from '../watch.js'
import { BadAnswer, BadRequest } from './outcome.js'

/** Runs the author's method or function with a validated request. */
export type Invoke = (request: unknown, call: LiveCall) => unknown

export interface Route {
  readonly name: string
  readonly isStream: boolean
  readonly timeoutMs: number
  readonly tally: CallTally
  /** Middleware, validation, handler. Resolves to what the handler gave. */
  readonly run: (call: LiveCall) => Promise<object>
  /** What of a handler's answer goes to the caller. @throws BadAnswer */
  readonly answer: (value: unknown) => object
  /** What of a stream's item goes to the caller: bytes, or a plain object. @throws BadAnswer */
  readonly chunk: (value: unknown) => object
}

/** @throws LevinError CONFIG for a class that cannot be validated */
export function createRoute(
  definition: SynapseDefinition,
  invoke: Invoke,
  middleware: readonly AnyMiddleware[],
  defaultTimeoutMs: number,
): Route {
  const { name } = definition
  const { request, response, stream, timeoutMs } = definition.options
  const dto = (type: DtoClass | undefined, use: string): Dto | undefined =>
    type && describeDto(type, `${use} of synapse '${name}'`, definition.options)
  const requestDto = dto(request, 'request')
  const responseDto = dto(response, 'answer')
  const chunkDto = dto(stream === true ? undefined : stream, 'chunk')

  const bind = ({ body }: LiveCall): unknown => {
    if (requestDto === undefined) return body
    try {
      return requestDto.instance(body, 'INVALID_REQUEST')
    } catch (cause) {
      throw new BadRequest(cause)
    }
  }

  // No handler's `undefined` gets to the middleware: there it means that one of them forgot to return the answer.
  const given = (answer: unknown): object => {
    if (answer !== undefined) return answer as object
    if (responseDto === undefined && stream === undefined) return {}
    throw new BadAnswer('the handler returned nothing: is a return missing?')
  }

  // Not `async`, and no `await`: a handler that answers at once is one promise, and a microtask less of each call.
  const handle = (call: LiveCall): Promise<object> => {
    try {
      const request = bind(call)
      call.handlerBegins()
      const answer = invoke(request, call)
      if (isThenable(answer)) return untilHandled(answer, given, call)
      const answered = Promise.resolve(given(answer))
      call.handlerEnds()
      return answered
    } catch (error) {
      call.handlerEnds()
      return Promise.reject(error)
    }
  }

  return {
    name,
    isStream: stream !== undefined,
    timeoutMs: timeoutMs ?? defaultTimeoutMs,
    tally: newTally(),
    run: compose(middleware, handle),
    answer: responseDto === undefined ? anyMap : (value) => checked(responseDto, value),
    chunk: chunkDto === undefined ? bytes : (value) => checked(chunkDto, value),
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'

async function untilHandled(
  answer: PromiseLike<unknown>,
  given: (answer: unknown) => object,
  call: LiveCall,
): Promise<object> {
  try {
    return given(await answer)
  } finally {
    call.handlerEnds()
  }
}

function checked(dto: Dto, value: unknown): object {
  try {
    return dto.plain(dto.instance(value, 'INVALID_ANSWER'))
  } catch (cause) {
    throw new BadAnswer(cause)
  }
}

function anyMap(value: unknown): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array) {
    throw new BadAnswer(
      `a handler without a response class answers a map (an object), not ${describe(value)}`,
    )
  }
  if (value instanceof EncodedMap || !(value instanceof Map)) return value
  throw new BadAnswer('a handler answers an object with string keys, not a Map')
}

function bytes(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new BadAnswer(`a stream of bytes yields Uint8Array, not ${describe(value)}`)
}

function describe(value: unknown): string {
  if (value === null) return 'null'
  // without a prototype there is no constructor
  return typeof value === 'object' ? (value.constructor?.name ?? 'an object') : typeof value
}
