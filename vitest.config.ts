import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const levin = fileURLToPath(new URL('./src/index.ts', import.meta.url))

const subtensor = fileURLToPath(new URL('./src/subtensor/index.ts', import.meta.url))

const config = fileURLToPath(new URL('./src/config/index.ts', import.meta.url))

const testing = fileURLToPath(new URL('./src/testing/index.ts', import.meta.url))

const monitor = fileURLToPath(new URL('./src/monitor/index.ts', import.meta.url))

const shared = {
  resolve: {
    alias: {
      'levin/subtensor': subtensor,
      'levin/config': config,
      'levin/testing': testing,
      'levin/monitor': monitor,
      levin,
    },
  },
  test: {
    setupFiles: ['./test/support/setup.ts'],
    environment: 'node' as const,
    // A test that hangs fails; one on a busy machine does not: the longest takes 7 s on an idle one.
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
}

/** With `LEVIN_TESTS=engine`: what knows no engine, or tries both, need not be tried again on the other one. */
const isOneEngine = process.env.LEVIN_TESTS === 'engine'
const noEngine =
  'auth,cli,config,contract,doors,metagraph,monitor,scripts,signer,subtensor,supervisor,testing,transport,types,wallet,watchdog,wire'

/** CI says so when no browser can be had. */
const hasNoBrowser = process.env.LEVIN_BROWSER === 'none'

const elsewhere = [
  'test/interop/**',
  'test/house/**',
  ...(isOneEngine ? ['test/*.test.ts', `test/{${noEngine}}/**`] : []),
  ...(hasNoBrowser ? ['test/monitor/page.slow.test.ts'] : []),
]

/**
 * unit     what `npm test` runs: needs Node and nothing else, and is quick
 * slow     as unit, and takes its time: processes, packages, fuzzing, hundreds of repetitions, timeouts of real engines,
 *          compilers
 * house    the rules of the code base itself: import arrows, the docs name what exists
 * interop  live Rust and Python peers: needs cargo and python3
 */
export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          ...shared.test,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.slow.test.ts', ...elsewhere],
        },
      },
      {
        ...shared,
        test: { ...shared.test, name: 'slow', include: ['test/**/*.slow.test.ts'], exclude: elsewhere },
      },
      { ...shared, test: { ...shared.test, name: 'house', include: ['test/house/**/*.test.ts'] } },
      {
        ...shared,
        test: {
          ...shared.test,
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          exclude: isOneEngine ? ['test/interop/{chain,wallet}.test.ts', 'test/interop/doors/**'] : [],
          testTimeout: 180_000,
          hookTimeout: 1_800_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
