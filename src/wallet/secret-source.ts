import { Buffer } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { inspect } from 'node:util'
import { LevinError } from '../errors.js'
import type { Logger } from '../logger.js'
import { readFile } from '../read-file.js'
import { homePath, systemWords, warnOfReaders } from './files.js'

/**
 * Where a password comes from. There is no text among these on purpose: what stands in a program or in its arguments can be
 * read by others.
 */
export type PasswordSource =
  | { readonly file: string }
  /** A descriptor that whoever started us opened, for instance 3 of `3< <(pass show hotkey)`. It is read to its end and closed. */
  | { readonly fd: number }
  | (() => string | Uint8Array | Promise<string | Uint8Array>)

/** Where a seed or mnemonic comes from: as a password, or an environment variable, which is deleted once it was read. */
export type SecretSource = PasswordSource | { readonly env: string }

/** No password or mnemonic is longer. */
const MAX_SECRET_BYTES = 4096

/**
 * The secret's bytes, without the end of a line. The caller wipes them.
 * @param what what it is of, for errors: `the password`
 * @throws LevinError CONFIG, without anything of the secret
 */
export async function readSecret(what: string, source: SecretSource, logger: Logger): Promise<Buffer> {
  const bytes = await bytesOf(what, source, logger)
  if (bytes.length > MAX_SECRET_BYTES) {
    bytes.fill(0)
    throw new LevinError('CONFIG', `${what} has more than ${MAX_SECRET_BYTES} bytes`)
  }
  const secret = Buffer.from(bytes.subarray(0, lengthWithoutNewline(bytes)))
  bytes.fill(0)
  if (secret.length === 0) throw new LevinError('CONFIG', `${what} is empty`)
  return secret
}

async function bytesOf(what: string, source: SecretSource, logger: Logger): Promise<Buffer> {
  if (typeof source === 'function') {
    const given: unknown = await source()
    if (typeof given === 'string') return Buffer.from(given)
    if (given instanceof Uint8Array) return Buffer.from(given)
    throw new LevinError('CONFIG', `${what}: the function gave a ${typeof given}; it gives text or bytes`)
  }
  if (typeof source === 'object' && source !== null) {
    if ('file' in source && typeof source.file === 'string') return fromFile(what, source.file, logger)
    if ('fd' in source && Number.isInteger(source.fd) && source.fd >= 0)
      return fromDescriptor(what, source.fd)
    if ('env' in source && typeof source.env === 'string') return fromEnvironment(what, source.env)
  }
  const found =
    typeof source === 'object' ? `an object with ${inspect(Object.keys(source ?? {}))}` : typeof source
  throw new LevinError(
    'CONFIG',
    `${what} is given as ${found}; give { file: path }, { fd: number } or a function, never the secret itself`,
  )
}

async function fromFile(what: string, file: string, logger: Logger): Promise<Buffer> {
  const path = homePath(file)
  try {
    await warnOfReaders(path, logger)
    return await readFile(path, MAX_SECRET_BYTES)
  } catch (error) {
    throw new LevinError('CONFIG', `${what} cannot be read from ${path}: ${systemWords(error)}`)
  }
}

async function fromDescriptor(what: string, fd: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of createReadStream('', { fd })) {
      chunks.push(chunk as Buffer)
      length += (chunk as Buffer).length
      if (length > MAX_SECRET_BYTES) break
    }
  } catch (error) {
    throw new LevinError('CONFIG', `${what} cannot be read from descriptor ${fd}: ${systemWords(error)}`)
  }
  const bytes = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return bytes
}

function fromEnvironment(what: string, name: string): Buffer {
  const text = process.env[name]
  if (text === undefined) throw new LevinError('CONFIG', `${what}: the environment has no ${name}`)
  delete process.env[name] // so that no program that we start inherits it
  return Buffer.from(text)
}

function lengthWithoutNewline(bytes: Buffer): number {
  if (bytes.at(-1) !== 0x0a) return bytes.length
  return bytes.at(-2) === 0x0d ? bytes.length - 2 : bytes.length - 1
}
