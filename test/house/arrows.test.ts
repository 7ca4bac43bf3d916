/** The import arrows of docs/ARCHITECTURE.md: who may know of whom. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const src = fileURLToPath(new URL('../../src', import.meta.url))

/** What each folder may import besides itself. A file beside the folders counts as one of its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'errors.ts': [],
  'clock.ts': [],
  'shown.ts': [],
  'logger.ts': ['clock.ts', 'shown.ts'],
  'limited-logger.ts': ['clock.ts', 'logger.ts'],
  'options.ts': ['errors.ts'],
  'read-file.ts': ['errors.ts'],
  'optional-package.ts': ['errors.ts'],
  'summary.ts': ['clock.ts', 'logger.ts', 'shown.ts'],
  'observers.ts': ['summary.ts', 'errors.ts', 'clock.ts', 'logger.ts'],
  'engine.ts': ['auth', 'transport', 'errors.ts', 'logger.ts'],
  'pino-logger.ts': ['errors.ts', 'logger.ts', 'shown.ts'],
  'signals.ts': ['clock.ts', 'logger.ts', 'pino-logger.ts'],
  watchdog: ['errors.ts', 'clock.ts', 'logger.ts'],
  supervisor: ['watchdog', 'errors.ts', 'clock.ts', 'logger.ts'],
  transport: ['errors.ts', 'options.ts', 'clock.ts', 'shown.ts'],
  wire: ['errors.ts'],
  auth: ['wire', 'errors.ts', 'shown.ts'],
  contract: ['doors/door.ts', 'wire', 'errors.ts', 'logger.ts', 'shown.ts', 'transport/link.ts'],
  doors: ['auth', 'contract', 'wire', 'errors.ts'],
  decorators: ['contract', 'errors.ts'],
  metagraph: ['auth', 'read-file.ts', 'errors.ts', 'options.ts', 'clock.ts', 'logger.ts', 'pino-logger.ts'],
  'server/access': [
    'metagraph',
    'auth',
    'read-file.ts',
    'summary.ts',
    'errors.ts',
    'options.ts',
    'clock.ts',
    'logger.ts',
    'pino-logger.ts',
    'transport/link.ts',
    'transport/source-key.ts',
  ],
  'server/policy': [
    'server/call.ts',
    'server/token-bucket.ts',
    'contract',
    'metagraph',
    'auth',
    'errors.ts',
    'options.ts',
    'clock.ts',
    'transport/link.ts',
  ],
  'server/dispatch': [
    'shown.ts',
    'server/policy',
    'server/call.ts',
    'summary.ts',
    'server/watch.ts',
    'decorators/metadata.ts',
    'contract',
    'doors/door.ts',
    'doors/status.ts',
    'wire',
    'errors.ts',
    'clock.ts',
    'logger.ts',
    'transport/link.ts',
  ],
  wallet: ['auth', 'shown.ts', 'read-file.ts', 'errors.ts', 'options.ts', 'logger.ts', 'pino-logger.ts'],
  signer: [
    'shown.ts',
    'wallet',
    'auth',
    'errors.ts',
    'options.ts',
    'summary.ts',
    'clock.ts',
    'logger.ts',
    'pino-logger.ts',
    'signals.ts',
  ],
  server: [
    'limited-logger.ts',
    'shown.ts',
    'server/access',
    'server/policy',
    'server/dispatch',
    'doors',
    'contract',
    'decorators',
    'transport',
    'auth',
    'wire',
    'errors.ts',
    'options.ts',
    'observers.ts',
    'summary.ts',
    'clock.ts',
    'logger.ts',
    'pino-logger.ts',
    'read-file.ts',
    'signals.ts',
    'watchdog',
    'engine.ts',
  ],
  client: [
    'limited-logger.ts',
    'shown.ts',
    'watchdog',
    'engine.ts',
    'metagraph',
    'doors',
    'contract',
    'transport',
    'auth',
    'wire',
    'errors.ts',
    'options.ts',
    'observers.ts',
    'summary.ts',
    'clock.ts',
    'logger.ts',
    'pino-logger.ts',
  ],
  subtensor: [
    'optional-package.ts',
    'shown.ts',
    'metagraph',
    'auth',
    'errors.ts',
    'options.ts',
    'observers.ts',
    'clock.ts',
    'logger.ts',
    'pino-logger.ts',
  ],
  monitor: [
    'optional-package.ts',
    'server',
    'client',
    'contract/call.ts',
    'metagraph',
    'errors.ts',
    'options.ts',
    'clock.ts',
    'transport/link.ts',
  ],
  config: ['auth', 'wallet', 'signer', 'subtensor', 'errors.ts', 'read-file.ts', 'logger.ts'],
  cli: [
    'config',
    'client',
    'contract',
    'decorators',
    'doors',
    'metagraph',
    'monitor/now.ts',
    'subtensor',
    'transport',
    'wallet',
    'auth',
    'wire',
    'shown.ts',
    'read-file.ts',
    'errors.ts',
    'clock.ts',
    'logger.ts',
  ],
  testing: [
    'client',
    'server',
    'metagraph',
    'contract',
    'decorators',
    'subtensor/load-ws.ts',
    'transport',
    'auth',
    'errors.ts',
    'options.ts',
    'clock.ts',
    'logger.ts',
  ],
}

/** Packages and built-in modules that only one place may know. */
const ONLY_IN: Readonly<Record<string, readonly string[]>> = {
  '@matrixai/quic': ['transport/quiche/native.ts'],
  'levin-engine': ['transport/quinn/addon.ts'],
  'node:dgram': ['transport/quiche/listener.ts', 'transport/quiche/dialler.ts', 'cli/doctor/port.ts'],
  '@polkadot-labs/schnorrkel-wasm': ['auth/sr25519.ts'],
  '@polkadot/util-crypto': [
    'auth/ss58.ts',
    'auth/fingerprint.ts',
    'auth/mnemonic.ts',
    'testing/chain/hash.ts',
    'wallet/forms/nacl.ts',
    'wallet/forms/polkadot-js.ts',
  ],
  'hash-wasm': ['wallet/argon2.ts'],
  tsyringe: ['server/dispatch/container.ts', 'server/dispatch/worker-thread.ts', 'testing/overrides.ts'],
  pino: ['pino-logger.ts'],
  piscina: ['server/dispatch/workers.ts'],
  'prom-client': ['monitor/load-prom-client.ts', 'monitor/families.ts', 'monitor/metrics.ts'],
  '@opentelemetry/api': ['monitor/load-opentelemetry.ts', 'monitor/tracing.ts'],
  'class-transformer': ['contract/metadata.ts', 'contract/transformer.ts', 'contract/json-schema.ts'],
  'class-validator': ['contract/dto.ts', 'contract/metadata.ts', 'contract/plan', 'decorators/is-bytes.ts'],
  'reflect-metadata': ['decorators/metadata.ts'],
  ws: [
    'subtensor/load-ws.ts',
    'subtensor/connection.ts',
    'testing/chain/connections.ts',
    'testing/chain/misbehaviour.ts',
  ],
}

/** Folders that are pure: no socket, no timer, no clock, no randomness of the machine. */
const PURE = ['wire', 'auth', 'contract', 'doors']
const IMPURE = /\b(Date\.now|performance\.now|setTimeout|setImmediate|setInterval|randomBytes|Math\.random)\b/

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.d.ts'),
)

function imports(file: string): string[] {
  const text = readFileSync(join(src, file), 'utf8')
  return [...text.matchAll(/(?:from|import)\s+'([^']+)'/g)].map((match) => match[1]!)
}

/** The deepest entry of the table that a file belongs to. */
function homeOf(file: string): string {
  const homes = Object.keys(MAY_IMPORT).filter((home) => file === home || file.startsWith(`${home}/`))
  return homes.sort((a, b) => b.length - a.length)[0] ?? `${file} belongs to no folder of the table`
}

const inside = (file: string, place: string): boolean => file === place || file.startsWith(`${place}/`)

describe.each(files.filter((file) => file !== 'index.ts'))('%s', (file) => {
  test('imports only what its folder may know', () => {
    const home = homeOf(file)
    const allowed = [home, ...(MAY_IMPORT[home] ?? [])]
    for (const specifier of imports(file).filter((name) => name.startsWith('.'))) {
      const target = relative(src, join(src, dirname(file), specifier)).replace(/\.js$/, '.ts')
      expect(
        allowed.some((place) => inside(target, place)),
        `${file} imports ${target}`,
      ).toBe(true)
    }
  })

  test('imports packages only where they are at home', () => {
    for (const specifier of imports(file).filter((name) => !name.startsWith('.'))) {
      for (const [name, places] of Object.entries(ONLY_IN)) {
        if (specifier === name || specifier.startsWith(`${name}/`))
          expect(
            places.filter((place) => inside(file, place)),
            specifier,
          ).not.toEqual([])
      }
    }
  })

  test('reads the clock, timers and randomness only where it may', () => {
    const text = readFileSync(join(src, file), 'utf8')
    if (PURE.includes(homeOf(file))) expect(text).not.toMatch(IMPURE)
    if (file !== 'clock.ts')
      expect(text).not.toMatch(/\b(Date\.now|setTimeout|setInterval|performance\.now)\b/)
  })
})

test('the table names what there is', () => {
  for (const home of Object.keys(MAY_IMPORT)) {
    expect(
      files.some((file) => inside(file, home)),
      home,
    ).toBe(true)
  }
})

test('what is for tests is loaded by nothing else', () => {
  for (const file of files.filter((name) => !inside(name, 'testing'))) {
    for (const specifier of imports(file).filter((name) => name.startsWith('.'))) {
      expect(inside(relative(src, join(src, dirname(file), specifier)), 'testing'), file).toBe(false)
    }
  }
})

test('server and client know nothing of each other', () => {
  expect(MAY_IMPORT.server).not.toContain('client')
  expect(MAY_IMPORT.client).not.toContain('server')
})
