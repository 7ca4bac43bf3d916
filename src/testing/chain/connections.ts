/** The sockets of a fake node: messages in, answers and notifications out. */
import type { RawData, WebSocket } from 'ws'
import { type Caller, callMethod, type Node, type Subscription } from './methods.js'
import type { Misbehaviour } from './misbehaviour.js'
import { RpcError } from './rpc-error.js'
import { answerWrongly } from './wrong-answers.js'

interface Request {
  readonly id: unknown
  readonly method: unknown
  readonly params: readonly unknown[]
}

export class Connections {
  readonly requests = new Map<string, number>()
  /** Since the node was made. */
  opened = 0
  readonly #sockets = new Set<WebSocket>()
  #kind: Misbehaviour | undefined
  #methods: readonly string[] = []
  #turn = 0
  #subscriptions = 0

  constructor(private readonly node: Node) {}

  add(socket: WebSocket): void {
    this.opened++
    this.#sockets.add(socket)
    const subscribed = new Set<string>()
    socket.on('close', () => {
      this.#sockets.delete(socket)
      subscribed.clear()
    })
    // A client that breaks the protocol is closed by ws itself.
    socket.on('error', () => {})
    socket.on('message', (data) => this.#onMessage(socket, data, subscribed))
    if (this.#kind === 'half-open') socket.pause()
  }

  misbehave(kind: Misbehaviour | undefined, methods: readonly string[]): void {
    this.#kind = kind
    this.#methods = methods
    for (const socket of this.#sockets) {
      if (kind === 'half-open') socket.pause()
      else socket.resume()
      if (kind === 'drop' && methods.length === 0) socket.terminate()
    }
  }

  terminate(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  #onMessage(socket: WebSocket, data: RawData, subscribed: Set<string>): void {
    const request = parse(data)
    if (request === undefined) {
      sendError(socket, null, new RpcError(-32700, 'Parse error'))
      return
    }
    const { id, method, params } = request
    this.#count(String(method))
    const lies = this.#methods.length === 0 || this.#methods.includes(String(method)) ? this.#kind : undefined
    if (lies !== undefined && answerWrongly(lies, socket, id, this.#turn++)) return
    try {
      const result = callMethod(method, params, this.node, this.#caller(socket, subscribed, lies))
      send(socket, { id, result })
    } catch (error) {
      if (!(error instanceof RpcError)) throw error
      sendError(socket, id, error)
    }
  }

  #count(method: string): void {
    this.requests.set(method, (this.requests.get(method) ?? 0) + 1)
  }

  #caller(socket: WebSocket, subscribed: Set<string>, lies: Misbehaviour | undefined): Caller {
    return {
      lies,
      subscribe: (method): Subscription => {
        const id = `subscription-${++this.#subscriptions}`
        subscribed.add(id)
        return {
          id,
          notify: (result) => {
            if (!subscribed.has(id)) return false
            const silent = this.#kind === 'stall' || this.#kind === 'half-open'
            if (!silent) send(socket, { method, params: { subscription: id, result } })
            return true
          },
        }
      },
      unsubscribe: (id) => subscribed.delete(String(id)),
    }
  }
}

function parse(data: RawData): Request | undefined {
  try {
    const { id = null, method, params = [] } = JSON.parse(String(data)) as Partial<Request>
    return Array.isArray(params) ? { id, method, params } : undefined
  } catch {
    return undefined
  }
}

function sendError(socket: WebSocket, id: unknown, { code, message, data }: RpcError): void {
  send(socket, { id, error: { code, message, data } })
}

function send(socket: WebSocket, message: object): void {
  socket.send(JSON.stringify({ jsonrpc: '2.0', ...message }))
}
