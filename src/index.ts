/** Levin's public door: everything a miner's or a validator's author imports. */
export { callbackSigner, type Signer, seedSigner } from './auth/signer.js'
export type { Axon } from './client/axon.js'
export type { CallOptions, MinerConnection } from './client/miner-connection.js'
export type { ValidatorOptions } from './client/options.js'
export type { Answer } from './client/query.js'
export { type ConnectOptions, Validator } from './client/validator.js'
export type { Clock } from './clock.js'
export { Call } from './contract/call.js'
export {
  type ChunkOf,
  type DtoClass,
  type PlainOptions,
  type QueryOf,
  type RequestOf,
  type ResponseOf,
  type StreamOptions,
  type SynapseDefinition,
  type SynapseOptions,
  synapse,
} from './contract/definition.js'
export type { Handler } from './contract/handler.js'
export { type BytesOptions, IsBytes } from './decorators/is-bytes.js'
export { Synapse } from './decorators/synapse.js'
export { LevinError, type LevinErrorCode } from './errors.js'
export { consoleLogger, type LogFields, type Logger, type LogLevel, silentLogger } from './logger.js'
export type { DependencyContainer, HandlerClass, HandlerScope } from './server/dispatch/container.js'
export { type ListenAddress, Miner } from './server/miner.js'
export type { MinerOptions } from './server/options.js'
export { type AccessPolicy, type Applicant, allowlist, open } from './server/policy/access.js'
export type { Middleware, Next } from './server/policy/middleware.js'
export type { Address } from './transport/link.js'
export { ErrorText } from './wire/protocol-texts.js'
export { EncodedMap, Extension, type SynapseData, type Value } from './wire/value.js'
