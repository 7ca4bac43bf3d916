/** As it was before a test put timers of its own in its place. */
const { setImmediate } = globalThis

/**
 * One turn of the event loop. What promises and links in memory set off has happened after it: a change of the metagraph
 * has closed whom it concerns, an answer has arrived.
 */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
