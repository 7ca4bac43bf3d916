import { once } from 'node:events'
import { lstat, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { handshakeObjection } from '../auth/handshake-text.js'
import type { Signer } from '../auth/signer.js'
import { type Clock, systemClock } from '../clock.js'
import { LevinError } from '../errors.js'
import { guarded, type Logger } from '../logger.js'
import { shown } from '../shown.js'
import { Summary } from '../summary.js'
import { Lines } from './lines.js'
import {
  type Answer,
  checkSocketPath,
  decodeQuestion,
  encodeAnswer,
  MAX_HOTKEYS,
  MAX_QUESTION_BYTES,
  type Question,
} from './protocol.js'

/** Miners and validators of one machine, several times over. */
const MAX_CONNECTIONS = 128
const NOBODY_ELSE = 0o177

export interface SignerServerOptions {
  /** The socket's path. */
  readonly path: string
  readonly signers: readonly Signer[]
  /** Whether the socket's group may ask too (mode 0660); otherwise only its owner may (0600). */
  readonly allowGroup?: boolean
  readonly logger: Logger
  readonly clock?: Clock
}

/** Holds keys, and signs handshakes with them for whoever may open its socket. Nothing else is ever signed. */
export class SignerServer {
  readonly #signers: ReadonlyMap<string, Signer>
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #summary: Summary

  /**
   * Resolves when it listens.
   * @throws LevinError CONFIG when the path is taken, by another signer or by what is no socket, or cannot be listened at
   */
  static async listen(options: SignerServerOptions): Promise<SignerServer> {
    const { path, signers, allowGroup = false } = options
    checkSocketPath('levin-signer', path)
    if (signers.length === 0 || signers.length > MAX_HOTKEYS) {
      throw new LevinError('CONFIG', `a signer holds 1 to ${MAX_HOTKEYS} hotkeys, not ${signers.length}`)
    }
    await clearPath(path)
    const signer = new SignerServer(options)
    // The mode is there from the first moment: set afterwards, others could connect in between.
    const umask = process.umask(allowGroup ? NOBODY_ELSE & ~0o060 : NOBODY_ELSE)
    try {
      signer.#server.listen(path)
    } finally {
      process.umask(umask)
    }
    try {
      await once(signer.#server, 'listening')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      throw new LevinError('CONFIG', `the signer cannot listen at ${path}: ${code}`, { cause: error })
    }
    signer.#logger.info(`signing handshakes at ${path}`, { hotkeys: signers.map(({ hotkey }) => hotkey) })
    return signer
  }

  private constructor({ signers, logger, clock = systemClock }: SignerServerOptions) {
    this.#signers = new Map(signers.map((signer) => [signer.hotkey, signer]))
    this.#logger = guarded(logger)
    this.#clock = clock
    this.#summary = new Summary(this.#logger, clock)
    this.#server = createServer((socket) => this.#accept(socket))
    this.#server.maxConnections = MAX_CONNECTIONS
  }

  /** Ends all connections and takes the socket away. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
    await closed
    this.#summary.stop()
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    const lines = new Lines(MAX_QUESTION_BYTES)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.on('error', () => socket.destroy()) // who asked is gone
    socket.on('drain', () => socket.resume())
    socket.on('data', (chunk) => {
      try {
        for (const line of lines.push(chunk)) void this.#answer(line, socket)
      } catch (error) {
        this.#drop(socket, LevinError.from(error).message)
      }
    })
  }

  async #answer(line: string, socket: Socket): Promise<void> {
    const question = decodeQuestion(line)
    if (question === undefined) {
      this.#drop(socket, 'a line is no question')
      return
    }
    const answer = await this.#answerTo(question)
    if (socket.destroyed) return
    // Whoever does not read its answers is not read either.
    if (!socket.write(encodeAnswer(answer))) socket.pause()
  }

  async #answerTo(question: Question): Promise<Answer> {
    const { id } = question
    if (question.ask === 'hotkeys') return { id, hotkeys: [...this.#signers.keys()] }
    const signer = this.#signers.get(question.hotkey)
    const objection =
      signer === undefined
        ? `there is no key of '${shown(question.hotkey, 64)}' here`
        : handshakeObjection(signer.hotkey, question.message, this.#clock.unixMs())
    if (signer === undefined || objection !== undefined) {
      this.#summary.note(
        'refused to sign',
        `refused to sign: ${objection}`,
        { hotkey: signer?.hotkey },
        'warn',
      )
      return { id, refused: `${objection}` }
    }
    try {
      return { id, signature: await signer.sign(question.message) }
    } catch (error) {
      this.#summary.note(
        'a signature failed',
        'a signature failed',
        { hotkey: signer.hotkey, error: LevinError.from(error) },
        'error',
      )
      return { id, refused: 'the signer failed; its log says more' }
    }
  }

  #drop(socket: Socket, reason: string): void {
    socket.destroy()
    this.#summary.note('dropped a connection', `dropped a connection: ${reason}`, {}, 'warn')
  }
}

/** Takes away the socket of a signer that was killed, and nothing else. */
async function clearPath(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket())
    throw new LevinError('CONFIG', `${path} is there and is no socket: give another path`)
  if (await isAnswered(path))
    throw new LevinError('CONFIG', `another signer listens at ${path}: stop it, or give another path`)
  await rm(path, { force: true })
}

async function isAnswered(path: string): Promise<boolean> {
  const socket = createConnection(path)
  try {
    await once(socket, 'connect')
    return true
  } catch (error) {
    // What else it may be (no right to connect, for instance), somebody listens there for all that we know.
    return (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}
