import type { CloseInfo } from '../transport/link.js'
import { CloseReason } from '../wire/protocol-texts.js'

/** What the protocol's words for the end of a connection mean to the author of a validator. */
const MEANINGS: ReadonlyMap<string, string> = new Map([
  [CloseReason.cleanup, 'the miner closed the connection (cleanup): it may no longer admit this hotkey'],
  [
    CloseReason.replaced,
    'another connection of this hotkey took the place of this one (replaced): one hotkey has one connection to a miner',
  ],
  [CloseReason.serverShutdown, 'the miner stops (server_shutdown)'],
  [CloseReason.dropped, 'the miner stops (dropped)'],
  [CloseReason.clientShutdown, 'this side closed the connection (client_shutdown)'],
  [
    CloseReason.minerDeregistered,
    'this side closed the connection (miner_deregistered): the list of miners has this one no more',
  ],
  [
    CloseReason.minerAddressChanged,
    'this side closed the connection (miner_addr_changed): the list of miners has another address for this one',
  ],
  [
    CloseReason.noAuthenticatedHotkeys,
    'this side closed the connection (no_authenticated_hotkeys): nobody at this address is who the list says',
  ],
])

/** Why a connection closed, as its streams are told. */
export const reasonOf = ({ reason, by, code }: CloseInfo): string =>
  reason === '' ? `connection closed (${by}, code ${code})` : reason

/** Why a connection or a stream ended, in plain words. What is none of the protocol's reasons stays as it is. */
export const inPlainWords = (reason: string): string => MEANINGS.get(reason) ?? reason
