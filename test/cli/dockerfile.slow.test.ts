/**
 * The template's Dockerfile, step by step as it stands, without Docker: each stage is a folder that begins empty, COPY takes
 * what the folder for Docker has, RUN is the shell. `npm ci` and `npm prune` are not run: what they would bring or
 * leave is linked, so nothing is downloaded. USER, EXPOSE, the base image and the system's own libraries are not tried here.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newProject } from '../support/packed.js'

let project: string
let stages: string

beforeAll(() => {
  project = newProject()
  writeFileSync(join(project, 'package.json'), '{"dependencies":{"levin":"file:levin.tgz"}}')
  const levin = join(project, 'node_modules/levin/dist/cli/main.js')
  execFileSync(process.execPath, [levin, 'init', '--no-install'], { cwd: project })
  writeFileSync(join(project, 'package-lock.json'), '{}')
  stages = mkdtempSync(join(tmpdir(), 'levin-image-'))
})

afterAll(() => {
  for (const folder of [project, stages]) rmSync(folder, { recursive: true, force: true })
})

interface Image {
  readonly folder: string
  readonly command: readonly string[]
}

/** @returns the last stage */
function build(dockerfile: string): Image {
  const named = new Map<string, string>()
  let image: Image | undefined
  for (const line of dockerfile.split('\n').filter((line) => line !== '' && !line.startsWith('#'))) {
    const [instruction, ...words] = line.split(' ')
    if (instruction === 'FROM') {
      const folder = join(stages, String(named.size))
      mkdirSync(folder)
      named.set(words[2] ?? '', folder)
      image = { folder, command: [] }
    } else if (instruction === 'COPY') {
      const from = /^--from=(.+)$/.exec(words[0]!)?.[1]
      const sources = words.slice(from === undefined ? 0 : 1, -1)
      for (const source of sources) copy(from && named.get(from), source, join(image!.folder, words.at(-1)!))
    } else if (instruction === 'RUN') run(words.join(' '), image!.folder)
    else if (instruction === 'CMD') image = { ...image!, command: JSON.parse(words.join(' ')) as string[] }
    else expect(['WORKDIR', 'ENV', 'USER', 'EXPOSE']).toContain(instruction)
  }
  return image!
}

/** A folder's content comes into `to`; a file into the folder `./`. */
function copy(stage: string | undefined, source: string, to: string): void {
  const path = stage === undefined ? join(project, source) : join(stage, source.replace('/app/', ''))
  cpSync(path, to.endsWith('/') ? join(to, path.split('/').at(-1)!) : to, {
    recursive: true,
    verbatimSymlinks: true,
  })
}

function run(command: string, cwd: string): void {
  if (command === 'npm ci') {
    const options = { recursive: true, verbatimSymlinks: true }
    cpSync(join(project, 'node_modules'), join(cwd, 'node_modules'), options)
    return
  }
  // what is linked cannot be pruned: it is this repository's own
  const [kept] = command.split(' && npm prune')
  execFileSync('sh', ['-c', kept!], { cwd, stdio: 'pipe', env: { ...process.env, NODE_ENV: '' } })
}

test('each step of the Dockerfile works with what those before left, and the image listens', async () => {
  const { folder, command } = build(readFileSync(join(project, 'Dockerfile'), 'utf8'))
  const [node, ...args] = command
  expect(node).toBe('node')
  const child = spawn(process.execPath, [...args, '--axon.ip', '127.0.0.1', '--axon.port', '0'], {
    cwd: folder,
    env: {
      NODE_ENV: 'production',
      // as compose.yaml and .env say it
      BT_WALLET_PATH: join(project, 'wallets'),
      BT_WALLET_NAME: 'dev',
      BT_WALLET_HOTKEY: 'miner',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  let listens = false
  for await (const line of createInterface({ input: child.stdout })) {
    listens = / --to \S+$/.test(line)
    if (listens) break
  }
  expect(listens).toBe(true)
  child.kill('SIGTERM') // no npm in between: the signal arrives, and the miner closes
  expect(await ended).toEqual([0, null])
})
