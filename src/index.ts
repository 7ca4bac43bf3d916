/** Levin's public door: everything a miner's or a validator's author imports. */
export { callbackSigner, mnemonicSigner, type Signer, seedSigner } from './auth/signer.js'
export type { Axon } from './client/axon.js'
export type { ReconnectOptions } from './client/backoff.js'
export type { CallOptions, StreamCallOptions } from './client/call-options.js'
export type { RequestFor } from './client/caller.js'
export type { FollowOptions, Unfollow } from './client/follow.js'
export type { LatencyHistogram } from './client/histogram.js'
export type { Onward, OutgoingQuery, QueryMiddleware, QueryNext } from './client/middleware.js'
export type { MinerConnection } from './client/miner-connection.js'
export type { ValidatorOptions } from './client/options.js'
export type { Answer } from './client/query.js'
export { type IdempotentOptions, type RetryOptions, retry } from './client/retry.js'
export type { Outcome, QueryAllOptions, StreamAllOptions } from './client/round.js'
export type { MinerStatus, ValidatorStats } from './client/stats.js'
export { type ConnectOptions, Validator } from './client/validator.js'
export type { MinerConnectionEvent, QueryEvent, ValidatorEvents } from './client/watch.js'
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
export { bytesToFloats, floatsToBytes } from './contract/vectors.js'
export { type BytesOptions, IsBytes } from './decorators/is-bytes.js'
export { OnStart, OnStop } from './decorators/lifecycle.js'
export { Synapse } from './decorators/synapse.js'
export type { Door } from './doors/door.js'
export { LevinError, type LevinErrorCode } from './errors.js'
export { consoleLogger, type LogFields, type Logger, type LogLevel, silentLogger } from './logger.js'
export { type MetagraphFileOptions, metagraphFile } from './metagraph/file.js'
export { type InMemoryMetagraph, inMemoryMetagraph } from './metagraph/in-memory.js'
export type { MetagraphSource, Neuron, PublishedAxon } from './metagraph/source.js'
export { pinoLogger } from './pino-logger.js'
export { all } from './server/access/all.js'
export { allowlist } from './server/access/allowlist.js'
export { any } from './server/access/any.js'
export { denylist } from './server/access/denylist.js'
export type { HotkeyList } from './server/access/hotkey-list.js'
export { type MinStake, type MinStakeOptions, minStake, type StakeKind } from './server/access/min-stake.js'
export type { NeuronRuleOptions } from './server/access/neuron-rule.js'
export { open } from './server/access/open.js'
export { registered } from './server/access/registered.js'
export type { AllowedHosts } from './server/access/resolved-hosts.js'
export type { AccessPolicy, AccessRule, Applicant, Objection } from './server/access/rule.js'
export {
  type LearnOptions,
  type PublishedOptions,
  type SourceFilter,
  type SourceFilterOptions,
  type SourceFilterStats,
  sourceFilter,
} from './server/access/source-filter.js'
export { validatorPermit } from './server/access/validator-permit.js'
export type { DependencyContainer, HandlerClass, HandlerScope } from './server/dispatch/container.js'
export type { WorkerStats } from './server/dispatch/workers.js'
export type { HttpLimits, HttpOptions } from './server/doors/options.js'
export type { HttpStats, VisitRefusal, VisitTally } from './server/doors/tally.js'
export type { LoopTally } from './server/fair-loop.js'
export type { MinerLimits } from './server/limits.js'
export type { MemoryState, MemoryStats } from './server/memory-guard.js'
export { type ListenAddress, Miner, type MinerState } from './server/miner.js'
export type { MinerOptions } from './server/options.js'
export { type BlacklistOptions, type BlacklistStats, blacklist } from './server/policy/blacklist.js'
export { type BodyLimitStats, bodyLimit } from './server/policy/body-limit.js'
export {
  type ConcurrencyLimits,
  type ConcurrencyOptions,
  type ConcurrencyStats,
  concurrency,
} from './server/policy/concurrency.js'
export type { QueueStats } from './server/policy/fair-queue.js'
export { type Identified, type Identify, type IdentifyStats, identify } from './server/policy/identify.js'
export type { Middleware, Next, RunningMiner } from './server/policy/middleware.js'
export type { PerSynapse, Plugin } from './server/policy/plugin.js'
export {
  type PriorityOf,
  type PriorityOptions,
  type PriorityStats,
  priority,
  type SynapsePlaces,
} from './server/policy/priority.js'
export { type RateLimitOptions, type RateLimitStats, rateLimit } from './server/policy/rate-limit.js'
export { type RefusalKind, refuse } from './server/policy/refuse.js'
export { type TimeoutStats, timeout } from './server/policy/timeout.js'
export type { MinerStats } from './server/stats.js'
export type {
  BlockedEvent,
  CallEvent,
  CallOutcome,
  CallTally,
  ConnectionEvent,
  HandshakeEvent,
  MinerEvents,
} from './server/watch.js'
export { closeOnSignals } from './signals.js'
export { type SocketSignerOptions, socketSigner } from './signer/socket-signer.js'
export type { Address } from './transport/link.js'
export type { PasswordSource, SecretSource } from './wallet/secret-source.js'
export { secretSigner, type WalletOptions, walletSigner } from './wallet/wallet-signer.js'
export { ErrorText } from './wire/protocol-texts.js'
export { EncodedMap, Extension, type SynapseData, type Value } from './wire/value.js'
