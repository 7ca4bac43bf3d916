/** The native module as `src/transport/quinn/addon.ts` of Levin describes it; it has no other user. */
declare const addon: unknown
export = addon
