/** A client without any wisdom: one request, one answer. */
import { once } from 'node:events'
import { type RawData, WebSocket } from 'ws'

export interface Answer {
  readonly result?: unknown
  readonly error?: { readonly code: number; readonly message: string; readonly data?: string }
}

export interface Client {
  /** @returns the next message, which is the answer where nothing is subscribed */
  ask(method: string, ...params: unknown[]): Promise<Answer>
  /** The next message as it came. */
  next(): Promise<string>
  readonly socket: WebSocket
  close(): void
}

export async function connect(endpoint: string): Promise<Client> {
  const socket = new WebSocket(endpoint)
  const waiting: string[] = []
  const wanted: ((text: string) => void)[] = []
  socket.on('message', (data: RawData) => {
    const text = String(data)
    const take = wanted.shift()
    if (take === undefined) waiting.push(text)
    else take(text)
  })
  await once(socket, 'open')
  const next = (): Promise<string> => {
    const text = waiting.shift()
    return text === undefined ? new Promise((resolve) => wanted.push(resolve)) : Promise.resolve(text)
  }
  return {
    socket,
    next,
    async ask(method, ...params) {
      socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }))
      return JSON.parse(await next()) as Answer
    },
    close: () => socket.terminate(),
  }
}
