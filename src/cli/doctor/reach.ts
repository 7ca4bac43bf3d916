import type { Signer } from '../../auth/signer.js'
import type { Axon } from '../../client/axon.js'
import { Validator } from '../../client/validator.js'
import { LevinError } from '../../errors.js'
import { silentLogger } from '../../logger.js'

/** A miner answers within some round trips; who waits for longer looks for another reason. */
const TIMEOUT_MS = 4_000

export interface Reached {
  /** `there`: a miner answers, which proved this hotkey, or refuses us and then proves nothing; `another` does; `nobody` does. */
  readonly is: 'there' | 'another' | 'nobody'
  readonly why?: string
}

/** Who answers at an address, by a handshake with this signer. @throws LevinError CONFIG when nothing can be asked */
export async function reach(axon: Axon, signer: Signer): Promise<Reached> {
  const validator = new Validator({ signer, logger: silentLogger, connectTimeoutMs: TIMEOUT_MS })
  try {
    await validator.connect(axon)
    return { is: 'there' }
  } catch (error) {
    const { code, message } = LevinError.from(error)
    if (code === 'CONFIG') throw error
    if (code === 'HANDSHAKE_REFUSED') return { is: 'there', why: message }
    return { is: code === 'WRONG_PEER' ? 'another' : 'nobody', why: message }
  } finally {
    validator.close()
  }
}
