/** What tells the two HTTP doors apart. */
import type { ServerResponse } from 'node:http'
import type { SynapseDefinition } from '../../contract/definition.js'
import type { Door } from '../../doors/door.js'
import type { HttpHeaders } from '../../doors/headers.js'
import type { Address } from '../../transport/link.js'
import type { SynapseData } from '../../wire/value.js'
import type { HttpReply, ReplySettings } from './http-reply.js'

/** A request whose body was not read yet. */
export interface RequestHead {
  /** Path and query as they were sent. */
  readonly target: string
  /** Of the synapse, as the path has it. */
  readonly name: string
  readonly headers: HttpHeaders
  readonly remote: Address
}

/** What a request says of its sender, which is fresh and well-formed, and not proved yet. */
export interface Claim {
  /** SS58. */
  readonly hotkey: string
  /** Nanoseconds since 1970. */
  readonly nonce: bigint
  /** What the caller hears when this very request was there before. */
  readonly ifReplayed: string
  /** Why the signature is none, in words for the caller; undefined when it is good. @param body empty where it is not signed */
  disproof(body: Uint8Array): string | undefined
}

/** One request at one door. */
export interface Visit {
  readonly reply: HttpReply
  /** @returns words for the caller when there is something against it */
  claim(nowMs: number): Claim | string
  /** The fields of the request, as MessagePack would have brought them. @throws NotAsSigned, LevinError PROTOCOL */
  read(body: Uint8Array): SynapseData
}

export interface HttpDoor {
  readonly name: Exclude<Door, 'quic'>
  /** Whether the body is signed, and has to be there before the signature can be looked at. */
  readonly signsBody: boolean
  /** Whether strangers are told which synapses there are. */
  readonly isOpenAboutSynapses: boolean
  /** How long after its nonce a request may be taken at most. */
  readonly replaySeconds: number
  /** Whether a request is meant for this door, well-formed or not. */
  isFor(headers: HttpHeaders): boolean
  visit(head: RequestHead, response: ServerResponse, settings: ReplySettings): Visit
}

/** A body that is not what was signed. */
export class NotAsSigned extends Error {}

/** What a miner answers, by name. */
export type Definitions = ReadonlyMap<string, SynapseDefinition>

/** For each synapse what `make` gives, worked out once. */
export const forEach = <T>(
  definitions: Definitions,
  make: (definition: SynapseDefinition) => T,
): ReadonlyMap<string, T> => new Map([...definitions].map(([name, definition]) => [name, make(definition)]))
