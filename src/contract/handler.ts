import type { EncodedMap } from '../wire/value.js'
import type { Call } from './call.js'
import type { ChunkOf, RequestOf, ResponseOf, SynapseOptions } from './definition.js'

type Answer<O extends SynapseOptions> = O extends { response: object }
  ? ResponseOf<O>
  : ResponseOf<O> | EncodedMap | undefined

/** The shape of a method or function that answers a synapse with options `O`; `Added` is what middleware adds to the call. */
export type Handler<O extends SynapseOptions, Added = unknown> = (
  request: RequestOf<O>,
  call: Call & Added,
) => O extends { stream: object | true }
  ? AsyncIterable<ChunkOf<O>> | Iterable<ChunkOf<O>>
  : Answer<O> | Promise<Answer<O>>
