import { type HotkeyList, hotkeyList } from './hotkey-list.js'

/**
 * Admits everybody but these hotkeys, strangers too: combine it, as in `all(denylist([...]), registered(source))`.
 * @throws LevinError CONFIG naming what is not an SS58 hotkey
 */
export function denylist(hotkeys: Iterable<string>): HotkeyList {
  return hotkeyList('denylist', hotkeys, (isListed) => (isListed ? 'on the denylist' : undefined))
}
