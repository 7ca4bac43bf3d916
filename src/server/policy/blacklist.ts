import { decodeHotkey } from '../../auth/ss58.js'
import type { Call } from '../../contract/call.js'
import { LevinError } from '../../errors.js'
import { checkKeys, isList } from '../../options.js'
import type { Next, NothingAdded } from './middleware.js'
import { checkFunction, type Plugin } from './plugin.js'
import { refuse } from './refuse.js'

/** Whose calls are refused, or which. */
export interface BlacklistOptions<C extends Call = Call> {
  /** SS58 hotkeys whose calls are refused. Default none. */
  readonly hotkeys?: Iterable<string>
  /** Whether a call is refused; a text is the reason, for the log. What it throws fails the call. Default: it is not asked. */
  readonly when?: (call: C) => boolean | string | Promise<boolean | string>
}

/** Calls that were refused. */
export interface BlacklistStats {
  readonly refused: number
}

/**
 * Refuses calls. Who may connect at all is `access`; this is for those who may, and misbehave.
 * @example
 * miner.use(blacklist({ when: (call) => call.synapse === 'Train' && isNight() && 'no training at night' }))
 * @throws LevinError CONFIG for what is not an SS58 hotkey, or an option that there is not
 */
export function blacklist<C extends Call = Call>(
  options: BlacklistOptions<C>,
): Plugin<[options: BlacklistOptions<C>], BlacklistStats, NothingAdded, C> {
  let { hotkeys, when } = check(options)
  let refused = 0

  function judge(verdict: boolean | string, next: Next): Promise<object> {
    if (verdict === false) return next()
    if (verdict !== true && typeof verdict !== 'string') {
      throw new LevinError(
        'CONFIG',
        `blacklist: when() gave ${String(verdict)}; it gives true, false or a reason`,
      )
    }
    refused++
    throw refuse(verdict === true || verdict === '' ? 'blacklisted by when()' : verdict)
  }

  return Object.assign(
    function blacklist(call: C, next: Next): Promise<object> {
      if (hotkeys.has(call.caller)) return judge('a blacklisted hotkey', next)
      const verdict = when === undefined ? false : when(call)
      return verdict instanceof Promise ? verdict.then((late) => judge(late, next)) : judge(verdict, next)
    },
    {
      set(options: BlacklistOptions<C>): void {
        ;({ hotkeys, when } = check(options))
      },
      stats: (): BlacklistStats => ({ refused }),
    },
  )
}

function check<C extends Call>(options: BlacklistOptions<C>) {
  if (Symbol.iterator in Object(options)) {
    throw new LevinError(
      'CONFIG',
      'blacklist: the hotkeys are one of two options: write blacklist({ hotkeys: [...] })',
    )
  }
  checkKeys('blacklist', options, ['hotkeys', 'when'])
  const { hotkeys = [], when } = options
  if (!isList(hotkeys)) {
    throw new LevinError('CONFIG', 'blacklist: hotkeys is a list: write { hotkeys: [hotkey] }')
  }
  checkFunction('blacklist', 'when', when)
  const listed = new Set(hotkeys)
  for (const hotkey of listed) decodeHotkey(hotkey)
  return { hotkeys: listed, when }
}
