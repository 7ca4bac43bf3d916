import { createConnection, type Socket } from 'node:net'
import { LevinError } from '../errors.js'
import { Lines } from './lines.js'
import { type Answer, decodeAnswer, encodeQuestion, MAX_ANSWER_BYTES, type Question } from './protocol.js'

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: LevinError) => void
}

/** A question before it has an id. */
export type Unasked = Question extends infer Q ? (Q extends Question ? Omit<Q, 'id'> : never) : never

/** One connection to a signer. When it ends, all that waits on it fails, and another one is made. */
export class SignerConnection {
  readonly #socket: Socket
  readonly #path: string
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1
  #ended: LevinError | undefined

  constructor(path: string) {
    this.#path = path
    this.#socket = createConnection(path)
    const lines = new Lines(MAX_ANSWER_BYTES)
    this.#socket.on('data', (chunk) => {
      try {
        for (const line of lines.push(chunk)) this.#answered(line)
      } catch (error) {
        this.end(LevinError.from(error).message)
      }
    })
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.end(reasonOf(error)))
    this.#socket.on('close', () =>
      this.end('it closed the connection; is levin-signer still running? Its log may say why'),
    )
    this.#socket.unref() // an idle connection keeps no process alive
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  get waiting(): number {
    return this.#waiting.size
  }

  /** @throws LevinError CONFIG when the connection ends before the answer */
  ask(question: Unasked): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended)
        return
      }
      const id = this.#nextId++
      this.#waiting.set(id, { resolve, reject })
      this.#socket.ref()
      this.#socket.write(encodeQuestion({ id, ...question } as Question))
    })
  }

  /** Fails all that waits. Only the first reason counts. */
  end(reason: string): void {
    if (this.#ended !== undefined) return
    this.#ended = new LevinError('CONFIG', `the signer at ${this.#path} did not sign: ${reason}`)
    this.#socket.destroy()
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }

  #answered(line: string): void {
    const answer = decodeAnswer(line)
    const waiting = answer && this.#waiting.get(answer.id)
    if (answer === undefined || waiting === undefined) {
      this.end('it answered what nobody asked')
      return
    }
    this.#waiting.delete(answer.id)
    if (this.#waiting.size === 0) this.#socket.unref()
    waiting.resolve(answer)
  }
}

function reasonOf({ code }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'there is no such socket; is levin-signer running, and is this its --socket?'
    case 'ECONNREFUSED':
      return 'nobody listens there; start levin-signer again'
    case 'EACCES':
      return 'this user may not open the socket; run as its owner, or start levin-signer with --allow-group'
    default:
      return `the connection failed (${code}); is levin-signer still running? Its log may say why`
  }
}
