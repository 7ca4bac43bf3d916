/** Errors of JSON-RPC as a node writes them. */
import type { Refusal } from './validity.js'

export class RpcError extends Error {
  constructor(
    readonly code: number,
    message: string,
    readonly data?: string,
  ) {
    super(message)
  }
}

export const methodNotFound = (): RpcError => new RpcError(-32601, 'Method not found')
export const invalidParams = (what: string): RpcError => new RpcError(-32602, 'Invalid params', what)
export const unknownBlock = (hash: string): RpcError =>
  new RpcError(4003, `Client error: UnknownBlock: Header was not found in the database: ${hash}`)
export const stateDiscarded = (hash: string): RpcError =>
  new RpcError(4003, `Client error: UnknownBlock: State already discarded for ${hash}`)
export const executionFailed = (what: string): RpcError =>
  new RpcError(4003, `Client error: Execution failed: ${what}`)
export const badFormat = (what: string): RpcError =>
  new RpcError(1001, `Extrinsic has invalid format: ${what}`)
export const invalidTransaction = ({ text }: Refusal): RpcError =>
  new RpcError(1010, 'Invalid Transaction', text)
export const alreadyImported = (): RpcError => new RpcError(1013, 'Transaction Already Imported')
