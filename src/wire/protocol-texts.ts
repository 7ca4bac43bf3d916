/**
 * Every error text that a server may put on the wire. The set is closed so that a handler's own words, which may
 * hold paths or secrets, never reach a peer.
 */
export const ErrorText = {
  authenticationFailed: 'authentication failed',
  invalidRequestFormat: 'invalid request format',
  unrecognizedSynapseType: 'unrecognized synapse type',
  requestProcessingFailed: 'request processing failed',
  handlerTimedOut: 'handler timed out',
  internalSerializationError: 'internal serialization error',
  streamProcessingFailed: 'stream processing failed',
  streamWriteFailed: 'stream write failed',
} as const

export type ErrorText = (typeof ErrorText)[keyof typeof ErrorText]

/** The application's code in every CONNECTION_CLOSE: the reason is in the text. */
export const CLOSE_CODE = 0

/** Reasons of a CONNECTION_CLOSE: the first five are said by servers, the others by clients. */
export const CloseReason = {
  replaced: 'replaced',
  done: 'done',
  cleanup: 'cleanup',
  serverShutdown: 'server_shutdown',
  dropped: 'dropped',
  clientShutdown: 'client_shutdown',
  minerDeregistered: 'miner_deregistered',
  minerAddressChanged: 'miner_addr_changed',
  noAuthenticatedHotkeys: 'no_authenticated_hotkeys',
} as const

export type CloseReason = (typeof CloseReason)[keyof typeof CloseReason]
