import { type HotkeyList, hotkeyList } from './hotkey-list.js'

/**
 * Admits these hotkeys and nobody else; an empty list admits nobody.
 * @throws LevinError CONFIG naming what is not an SS58 hotkey
 */
export function allowlist(hotkeys: Iterable<string>): HotkeyList {
  return hotkeyList('allowlist', hotkeys, (isListed) => (isListed ? undefined : 'not on the allowlist'))
}
