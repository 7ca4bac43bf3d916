/** Real processes that hang. `npm test` builds what they run. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { silentLogger } from '../../src/index.js'
import { watchLoop } from '../../src/watchdog/watchdog.js'

const children: ChildProcessWithoutNullStreams[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
})

interface Watched {
  readonly child: ChildProcessWithoutNullStreams
  /** Code or signal, and what it wrote. */
  readonly ended: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>
}

/** A process of watched-loop.mjs, once its loop is watched. */
async function watched(...options: string[]): Promise<Watched> {
  const script = fileURLToPath(new URL('../support/watched-loop.mjs', import.meta.url))
  const child = spawn(process.execPath, [...options, script])
  children.push(child)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (text) => {
    stdout += text
  })
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }))
  await once(child.stdout, 'data')
  return { child, ended }
}

test('ends a process whose loop hangs, and says so in one line', async () => {
  const { child, ended } = await watched()
  child.stdin.write('spin')
  const { signal, stderr } = await ended
  expect(signal).toBe('SIGKILL')
  const line = JSON.parse(stderr)
  expect(line).toMatchObject({ level: 60, name: 'levin', pid: child.pid, running: [] })
  expect(line.msg).toContain('the event loop hangs')
  expect(line.stillMs).toBeGreaterThanOrEqual(500)
})

test('ends it also when nobody reads what it says', async () => {
  const script = fileURLToPath(new URL('../support/watched-loop.mjs', import.meta.url))
  const fill = `process.stderr._handle.setBlocking(false); process.stderr.write('x'.repeat(1 << 22)); import('${script}')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', fill])
  children.push(child)
  await once(child.stdout, 'data')
  child.stdin.write('spin')
  const [, signal] = await once(child, 'exit') // its standard error is full, and was never read
  expect(signal).toBe('SIGKILL')
})

test('takes a process for what it is that was stopped and goes on', async () => {
  const { child, ended } = await watched()
  child.kill('SIGSTOP')
  await wait(1500) // the time that passes is what is tried
  child.kill('SIGCONT')
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 0, stdout: 'watched\nwent on\n', stderr: '' })
})

test('lets a debugger hold the loop', async () => {
  const { child, ended } = await watched('--inspect=0')
  child.stdin.write('pause')
  expect(await ended).toMatchObject({ code: 0, stdout: 'watched\nwent on\n' })
})

test('keeps no process alive, and is over when all who asked are through', async () => {
  const url = new URL('../../dist/watchdog/watchdog.js', import.meta.url)
  const program = `
    const { watchLoop } = await import('${url}')
    const log = { error: (...words) => console.log(...words) }
    const [one, other] = [watchLoop(500, log), watchLoop(500, log)]
    one(); one(); other()
    const endMs = performance.now() + 1000
    while (performance.now() < endMs);
    watchLoop(500, log)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'pipe' })
  children.push(child)
  let stdout = ''
  child.stdout.on('data', (text) => {
    stdout += text
  })
  expect(await once(child, 'close')).toEqual([0, null])
  expect(stdout).toBe('')
})

test('is not there unless it is asked for', () => {
  watchLoop(0, silentLogger)()
})
