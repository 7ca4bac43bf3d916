/** What a runtime says of itself, as JSON and as bytes. */
import { Buffer } from 'node:buffer'
import { toHex } from './hash.js'
import { ScaleWriter } from './scale.js'

export interface Versions {
  readonly specVersion: number
  readonly transactionVersion: number
}

const NAME = 'node-subtensor'
const VERSION = 1
/** The API Core by its hash, and the version from which on the transaction version is told. */
const CORE = { id: Buffer.from('df6acb689907609b', 'hex'), version: 5 }

export function runtimeVersionJson({ specVersion, transactionVersion }: Versions): object {
  return {
    specName: NAME,
    implName: NAME,
    authoringVersion: VERSION,
    specVersion,
    implVersion: VERSION,
    apis: [[toHex(CORE.id), CORE.version]],
    transactionVersion,
    stateVersion: VERSION,
  }
}

/** As `Core_version` answers. */
export function runtimeVersionBytes({ specVersion, transactionVersion }: Versions): Uint8Array {
  const name = Buffer.from(NAME)
  const to = new ScaleWriter().bytes(name).bytes(name)
  to.uint(VERSION, 4).uint(specVersion, 4).uint(VERSION, 4)
  to.list([CORE], ({ id, version }) => to.raw(id).uint(version, 4))
  return to.uint(transactionVersion, 4).uint(VERSION, 1).done()
}
