/** What `allowlist` and `denylist` have in common: hotkeys that can be others while the miner runs. */
import { inspect } from 'node:util'
import { parseHotkey } from '../../auth/ss58.js'
import { LevinError } from '../../errors.js'
import { ChangeListeners } from '../../metagraph/change-listeners.js'
import { isList } from '../../options.js'
import type { AccessRule, Objection } from './rule.js'

/** A rule about hotkeys that are listed. */
export interface HotkeyList extends AccessRule {
  /**
   * Other hotkeys from now on, all of them, for those who are connected as well.
   * @throws LevinError CONFIG naming what is not an SS58 hotkey: the hotkeys from before stay
   */
  set(hotkeys: Iterable<string>): void
}

/** @param objectionTo who is listed, or who is not */
export function hotkeyList(
  name: string,
  hotkeys: Iterable<string>,
  objectionTo: (isListed: boolean) => Objection,
): HotkeyList {
  let listed = checkHotkeys(name, hotkeys)
  const listeners = new ChangeListeners()
  return {
    get name() {
      return `${name}(${listed.size} hotkeys)`
    },
    objection: ({ hotkey }) => objectionTo(listed.has(hotkey)),
    onChange: (look) => listeners.add(look),
    set(next) {
      listed = checkHotkeys(name, next)
      listeners.tell()
    },
  }
}

/** @returns a copy */
function checkHotkeys(name: string, hotkeys: Iterable<string>): ReadonlySet<string> {
  if (!isList(hotkeys)) {
    throw new LevinError('CONFIG', `${name} takes a list of hotkeys: write ${name}([hotkey])`)
  }
  const checked = new Set<string>()
  for (const hotkey of hotkeys) {
    if (typeof hotkey !== 'string' || parseHotkey(hotkey) === undefined) {
      throw new LevinError(
        'CONFIG',
        `${name}: ${inspect(hotkey)} is not a hotkey: give its SS58 address (it starts with 5)`,
      )
    }
    checked.add(hotkey)
  }
  return checked
}
