/** A wallet's folder as it lies on a disk: names, environment, passwords, warnings, refusals. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { mnemonicSigner, secretSigner, walletSigner } from '../../src/index.js'
import { RecordingLogger } from '../../src/testing/recording-logger.js'

const MNEMONIC = 'bottom drive obey lake curtain smoke basket hold race lonely fit walk'
const SEED = '0xfac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e'
const A = '5DfhGyQdFobKM8NsWvEeAKk5EQQgYe9AydgJ7rMB6E1EqRzV'
const PASSWORD = 'Levin-test-0nly!'
const samples = fileURLToPath(new URL('./samples/', import.meta.url))

let path: string
let logger: RecordingLogger

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'levin-wallet-'))
  logger = new RecordingLogger()
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(path, { recursive: true, force: true })
})

function put(sample: string, name = 'default', hotkey = 'default', mode = 0o600): string {
  const file = join(path, name, 'hotkeys', hotkey)
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  copyFileSync(`${samples}${sample}`, file)
  chmodSync(file, mode)
  return file
}

function secretFile(text: string, mode = 0o600): string {
  const file = join(path, 'secret')
  writeFileSync(file, text, { mode })
  return file
}

const config = (text: string | RegExp) => ({ code: 'CONFIG', message: expect.stringMatching(text) })

describe('names', () => {
  test('default and default', async () => {
    put('wallet-4.1.1-mnemonic.json')
    expect((await walletSigner({ path, logger })).hotkey).toBe(A)
    expect(logger.lines).toEqual([])
  })

  test('the options', async () => {
    put('wallet-4.1.1-mnemonic.json', 'alice', 'miner1')
    expect((await walletSigner({ path, name: 'alice', hotkey: 'miner1', logger })).hotkey).toBe(A)
  })

  test.each(['BT_WALLET_NAME', 'BT_WALLET'])('%s and its companions', async (variable) => {
    put('wallet-4.1.1-mnemonic.json', 'alice', 'miner1')
    vi.stubEnv(variable, 'alice')
    vi.stubEnv('BT_WALLET_HOTKEY', 'miner1')
    vi.stubEnv('BT_WALLET_PATH', path)
    expect((await walletSigner({ logger })).hotkey).toBe(A)
    await expect(walletSigner({ name: 'bob', logger })).rejects.toMatchObject(config('bob'))
  })

  test('an empty variable is none, as it is to the Python tools', async () => {
    put('wallet-4.1.1-mnemonic.json')
    vi.stubEnv('BT_WALLET_PATH', path)
    for (const name of ['BT_WALLET_NAME', 'BT_WALLET', 'BT_WALLET_HOTKEY', 'BT_WALLET_PASSWORD_FILE'])
      vi.stubEnv(name, '')
    expect((await walletSigner({ logger })).hotkey).toBe(A)
    vi.stubEnv('BT_WALLET', 'bob')
    await expect(walletSigner({ logger })).rejects.toMatchObject(config('bob'))
  })

  test.each(['', '.', '..', '../bob', 'a/b', 'a\0b'])('%j is no name', async (name) => {
    await expect(walletSigner({ path, name, logger })).rejects.toMatchObject(config('name is'))
    await expect(walletSigner({ path, hotkey: name, logger })).rejects.toMatchObject(config('hotkey is'))
  })

  test('a hotkey that is not there, beside those that are', async () => {
    put('wallet-4.1.1-mnemonic.json', 'default', 'miner1')
    put('wallet-4.1.1-mnemonicpub.txt', 'default', 'miner1pub.txt')
    await expect(walletSigner({ path, logger })).rejects.toMatchObject(
      config(/no key file .*default; .*are miner1$/),
    )
    await expect(walletSigner({ path, name: 'bob', logger })).rejects.toMatchObject(config('no folder .*bob'))
  })

  test('an option that there is not', async () => {
    await expect(walletSigner({ wallet: 'alice' } as never)).rejects.toMatchObject(
      config("no option 'wallet'"),
    )
  })

  test('a pino, whose lines would lose their fields', async () => {
    const refused = config('logger is a pino')
    await expect(walletSigner({ path, logger: pino() as never })).rejects.toMatchObject(refused)
    await expect(secretSigner(() => SEED, pino() as never)).rejects.toMatchObject(refused)
  })
})

describe('a password', () => {
  beforeEach(() => put('wallet-4.1.1-ansible.vault'))

  test('from a file', async () => {
    const file = secretFile(`${PASSWORD}\n`)
    expect((await walletSigner({ path, password: { file }, logger })).hotkey).toBe(A)
    vi.stubEnv('BT_WALLET_PASSWORD_FILE', file)
    expect((await walletSigner({ path, logger })).hotkey).toBe(A)
  })

  test('from a descriptor', async () => {
    const fd = openSync(secretFile(`${PASSWORD}\r\n`), 'r')
    expect((await walletSigner({ path, password: { fd }, logger })).hotkey).toBe(A)
  })

  test('from a function', async () => {
    for (const password of [() => PASSWORD, async () => Buffer.from(PASSWORD)]) {
      expect((await walletSigner({ path, password, logger })).hotkey).toBe(A)
    }
  })

  test('none', async () => {
    await expect(walletSigner({ path, logger })).rejects.toMatchObject(
      config('is encrypted .*give its password'),
    )
  })

  test('wrong', async () => {
    await expect(walletSigner({ path, password: () => 'wrong', logger })).rejects.toMatchObject(
      config('the password is wrong'),
    )
  })

  test('itself is not taken, nor shown', async () => {
    const thrown = await walletSigner({ path, password: PASSWORD as never, logger }).catch(
      (error: unknown) => error,
    )
    expect(thrown).toMatchObject(config('give { file: path }'))
    expect(inspect(thrown)).not.toContain(PASSWORD)
  })

  test('empty, too long, not there', async () => {
    const from = (password: () => string) => walletSigner({ path, password, logger })
    await expect(from(() => '')).rejects.toMatchObject(config('is empty'))
    await expect(from(() => 'x'.repeat(4097))).rejects.toMatchObject(config('more than 4096 bytes'))
    const file = join(path, 'nothing')
    await expect(walletSigner({ path, password: { file }, logger })).rejects.toMatchObject(
      config('no such file'),
    )
  })
})

describe('warnings', () => {
  test('a file that others can read, once', async () => {
    const file = put('wallet-4.1.1-mnemonic.json', 'default', 'default', 0o644)
    await walletSigner({ path, logger })
    await walletSigner({ path, logger })
    expect(logger.lines).toMatchObject([
      { level: 'warn', message: expect.stringContaining(`${file} (mode 0644)`) },
    ])
  })

  test('a password that others can read', async () => {
    put('wallet-4.1.1-ansible.vault')
    await walletSigner({ path, password: { file: secretFile(PASSWORD, 0o640) }, logger })
    expect(logger.at('warn')).toMatchObject([{ message: expect.stringContaining('(mode 0640)') }])
  })

  test('a coldkey with its secret beside it, once; its public half is none', async () => {
    put('wallet-4.1.1-mnemonic.json')
    copyFileSync(`${samples}wallet-4.1.1-coldkeypub.txt`, join(path, 'default', 'coldkeypub.txt'))
    await walletSigner({ path, logger })
    expect(logger.lines).toEqual([])
    copyFileSync(`${samples}wallet-4.1.1-mnemonic.json`, join(path, 'default', 'coldkey'))
    await walletSigner({ path, logger })
    await walletSigner({ path, logger })
    expect(logger.at('warn')).toMatchObject([{ message: expect.stringContaining('the coldkey') }])
  })
})

describe('refused by what was found', () => {
  test.each([
    ['', 'empty'],
    ['a'.repeat(64), '64 hex digits'],
    [SEED, '64 hex digits'],
    [MNEMONIC, 'a bare mnemonic'],
    [`$2b$12$${'x'.repeat(53)}`, 'the hash of a password'],
    ['$argon2id$v=19$m=65536', 'the hash of a password'],
    ['hello', '5 bytes of text'],
    ['\x00\x01\x02', '3 bytes that are no text'],
    ['{', 'begins as JSON, and is none'],
    ['{}', 'only an empty object'],
    ['{"encoding":{"version":"2"}}', "encoding.version is '2'"],
    ['{"secretPhrase":"one two"}', 'secretPhrase cannot be read'],
    [`{"secretSeed":"${SEED}","ss58Address":"5F"}`, "its ss58Address is '5F', which is none"],
    [
      `{"secretSeed":"${SEED}","secretPhrase":"${MNEMONIC.replace('walk', 'wall')}","publicKey":"0x${'00'.repeat(32)}"}`,
      'another key',
    ],
    [`{"secretSeed":"${SEED}","cryptoType":2}`, 'its cryptoType is 2'],
    [
      '{"encoded":"","encoding":{"content":["pkcs8","ed25519"],"type":["none"],"version":"3"}}',
      "its encoding.content is .*'ed25519'.*: make a hotkey of it",
    ],
    ['$2a$10$', 'which holds no key.* regen-hotkey'],
  ])('%s', async (text, reason) => {
    const file = put('legacy.fernet')
    writeFileSync(file, text)
    const thrown = await walletSigner({ path, password: () => PASSWORD, logger }).catch(
      (error: unknown) => error,
    )
    expect(thrown).toMatchObject(config(`${reason}`))
    expect((thrown as Error).message).toContain(file)
    expect(inspect(thrown)).not.toMatch(/fac7959dbf|obey lake/)
  })

  test('too large, a folder', async () => {
    const file = put('legacy.fernet')
    writeFileSync(file, Buffer.alloc(64 * 1024 + 1))
    await expect(walletSigner({ path, logger })).rejects.toMatchObject(config('at most 65536'))
    rmSync(file)
    mkdirSync(file)
    await expect(walletSigner({ path, logger })).rejects.toMatchObject(config('it is not a file'))
  })
})

describe('a seed or a mnemonic', () => {
  test.each([SEED, MNEMONIC, `  ${MNEMONIC.replaceAll(' ', '  ')}`])(
    'from the environment, once: %s',
    async (text) => {
      vi.stubEnv('MINER_SECRET', text)
      expect((await secretSigner({ env: 'MINER_SECRET' }, logger)).hotkey).toBe(A)
      await expect(secretSigner({ env: 'MINER_SECRET' }, logger)).rejects.toMatchObject(
        config('has no MINER_SECRET'),
      )
    },
  )

  test('from a pipe', async () => {
    const program = `import('levin').then(async ({ secretSigner }) => console.log((await secretSigner({ fd: 3 })).hotkey))`
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
    ;(child.stdio[3] as NodeJS.WritableStream).end(`${MNEMONIC}\n`)
    const [printed] = (await once(child.stdout!, 'data')) as [Buffer]
    expect(printed.toString()).toBe(`${A}\n`)
  })

  test('what is none is not shown', async () => {
    for (const text of [`${SEED}00`, `${MNEMONIC} walk`, MNEMONIC.replace('walk', 'wall'), '0x', 'hello']) {
      const thrown = await secretSigner(() => text, logger).catch((error: unknown) => error)
      expect(thrown).toMatchObject(config('is none'))
      expect(inspect(thrown)).not.toMatch(/fac7959dbf|obey lake/)
      expect(() => mnemonicSigner(text)).toThrow(expect.objectContaining({ code: 'CONFIG' }))
    }
  })
})
