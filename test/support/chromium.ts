/** A headless Chromium, steered over its debugging protocol. Only for what a person would look at. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import WebSocket from 'ws'

/** Where one is installed; undefined when there is none. */
export const chromiumPath = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
)

const FLAGS = [
  '--headless=new',
  '--no-sandbox', // it runs as root where the tests do, and sees our own page only
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--remote-debugging-port=0',
]

type Answer = { id?: number; method?: string; params: never; result?: never; error?: { message: string } }

export class Page {
  readonly #process: ChildProcess
  readonly #socket: WebSocket
  readonly #folder: string
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #id = 0
  /** Of everything that the page asked for. */
  readonly urls: string[] = []
  /** What it wrote to the console, and what it threw. */
  readonly complaints: string[] = []

  private constructor(process: ChildProcess, socket: WebSocket, folder: string) {
    this.#process = process
    this.#socket = socket
    this.#folder = folder
    socket.on('message', (text) => this.#heard(JSON.parse(String(text)) as Answer))
  }

  static async open(): Promise<Page> {
    const folder = await mkdtemp(join(tmpdir(), 'levin-chromium-'))
    const browser = spawn(chromiumPath!, [...FLAGS, `--user-data-dir=${folder}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    for await (const line of createInterface(browser.stderr!)) {
      const at = /DevTools listening on ws:\/\/([\d.:]+)\//.exec(line)?.[1]
      if (at === undefined) continue
      browser.stderr!.resume()
      const targets = (await (await fetch(`http://${at}/json/list`)).json()) as {
        type: string
        webSocketDebuggerUrl: string
      }[]
      const socket = new WebSocket(targets.find(({ type }) => type === 'page')!.webSocketDebuggerUrl)
      await new Promise((resolve) => socket.once('open', resolve))
      const page = new Page(browser, socket, folder)
      for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await page.#ask(`${domain}.enable`)
      return page
    }
    throw new Error('Chromium ended before it said where it listens')
  }

  #heard({ id, method, params, ...answer }: Answer): void {
    if (id !== undefined) {
      this.#waiting.get(id)?.({ params, ...answer })
      this.#waiting.delete(id)
    } else if (method === 'Network.requestWillBeSent') {
      this.urls.push((params as { request: { url: string } }).request.url)
    } else if (method === 'Runtime.exceptionThrown' || method === 'Log.entryAdded') {
      this.complaints.push(JSON.stringify(params))
    }
  }

  async #ask<T>(method: string, params: object = {}): Promise<T> {
    const id = ++this.#id
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(id, resolve))
    this.#socket.send(JSON.stringify({ id, method, params }))
    const { result, error } = await answered
    if (error !== undefined) throw new Error(`${method}: ${error.message}`)
    return result as T
  }

  async look(width: number, height: number, scheme: 'light' | 'dark'): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.#ask('Emulation.setEmulatedMedia', { features })
    const mobile = width < 600
    await this.#ask('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile })
  }

  async goTo(url: string): Promise<void> {
    await this.#ask('Page.navigate', { url })
  }

  /** What an expression comes to in the page; a promise is waited for. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result } = await this.#ask<{ result: { value: T } }>('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })
    return result.value
  }

  /** Of the whole page, however long. */
  async screenshot(): Promise<Buffer> {
    const { data } = await this.#ask<{ data: string }>('Page.captureScreenshot', {
      captureBeyondViewport: true,
    })
    return Buffer.from(data, 'base64')
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve))
    this.#socket.terminate()
    this.#process.kill('SIGKILL')
    await ended
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
