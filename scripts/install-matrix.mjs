// The packed tarball as users get it: installed by each package manager in a project of its own, compiled by each compiler,
// and run. Run `npm run build` before. The tools are npm packages of exact versions, kept in ~/.cache/levin/install-tools;
// what cannot be had is skipped by name. Ends with 1 when anything fails.
import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const TOOLS = {
  pnpm: '10.34.8',
  yarn: '1.22.22',
  '@yarnpkg/cli-dist': '4.18.1',
  '@oven/bun-linux-x64': '1.4.5',
  '@deno/linux-x64-glibc': '2.9.6',
  esbuild: '0.28.2',
  tsx: '4.23.15',
  '@swc/core': '1.16.22',
  'typescript-5.9': 'npm:typescript@5.9.3',
  'typescript-6': 'npm:typescript@6.0.3',
  'typescript-7': 'npm:typescript@7.0.2',
}
/** An install asks a registry, which may be slow. */
const TIMEOUT_MS = 120_000
const PROGRAMS = new URL('./install-matrix/', import.meta.url)
const SAYS = 'answered 4'
/** What a compiler without decorator metadata has to be told. */
const CURE = 'emitDecoratorMetadata'
/** Packages for other machines that @matrixai/quic names and the registry does not have: npm, pnpm and bun do without, yarn does not. */
const FOR_YARN = Object.fromEntries(
  ['darwin-arm64', 'darwin-x64', 'darwin-universal', 'win32-x64'].map((name) => [
    `@matrixai/quic-${name}`,
    'npm:@matrixai/quic-linux-x64@2.0.9',
  ]),
)

const tools = join(homedir(), '.cache', 'levin', 'install-tools')
const tool = (path) => join(tools, 'node_modules', path)
const bun = tool('@oven/bun-linux-x64/bin/bun')
const deno = tool('@deno/linux-x64-glibc/deno')
const run = promisify(execFile)
const rows = []
const work = mkdtempSync(join(tmpdir(), 'levin-install-'))

try {
  await getTools()
  const tarball = await pack()
  const engine = await pack('engine')
  const projects = await installAll(tarball, engine)
  if (projects.npm !== undefined) {
    await runElsewhere(projects.npm)
    await compileAll(projects.npm)
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
for (const { state, what, more } of rows) console.log(`${state.padEnd(7)} ${what.padEnd(44)} ${more}`)
if (rows.some(({ state }) => state === 'FAILED')) process.exitCode = 1

/** One at a time: a tool that there is not for this machine does not keep the others away. */
async function getTools() {
  mkdirSync(tools, { recursive: true })
  if (!existsSync(join(tools, 'package.json'))) writeFileSync(join(tools, 'package.json'), '{"private":true}')
  const had = JSON.parse(readFileSync(join(tools, 'package.json'), 'utf8')).dependencies ?? {}
  const missing = Object.entries(TOOLS).filter(
    ([name, version]) => had[name] !== version || !existsSync(tool(name)),
  )
  for (const [name, version] of missing) {
    const args = [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--save-exact',
      `${name}@${version}`,
    ]
    await run('npm', args, { cwd: tools, timeout: TIMEOUT_MS }).catch(() => {}) // skipped below, by name
  }
}

async function pack(part = '.') {
  const args = ['pack', `./${part}`, '--ignore-scripts', '--json', '--pack-destination', work]
  const { stdout } = await run('npm', args, { maxBuffer: 2 ** 26 })
  return join(work, JSON.parse(stdout)[0].filename)
}

/** @returns the folders of projects into which it could be installed, by package manager */
async function installAll(tarball, engine) {
  const managers = {
    npm: ['npm', 'install', '--no-audit', '--no-fund', '--prefer-offline'],
    'pnpm, strict': [
      process.execPath,
      tool('pnpm/bin/pnpm.cjs'),
      'install',
      '--prefer-offline',
      '--config.strict-peer-dependencies=true',
      '--config.node-linker=isolated',
      '--config.hoist=false',
    ],
    'yarn 1': [
      process.execPath,
      tool('yarn/bin/yarn.js'),
      'install',
      '--prefer-offline',
      '--non-interactive',
    ],
    'yarn 4': [process.execPath, tool('@yarnpkg/cli-dist/bin/yarn.js'), 'install', '--no-immutable'],
    'bun install': [bun, 'install'],
  }
  const projects = {}
  for (const [name, [command, ...args]] of Object.entries(managers)) {
    if (!hasTool(name, command, args[0])) continue
    const folder = project(name, tarball, engine)
    const installed = await tried(command, args, folder)
    if (installed.failed) {
      tell('FAILED', name, installed.text)
      continue
    }
    projects[name] = folder
    await runs(`${name}, Node ${process.versions.node}`, process.execPath, ['app.js'], folder)
  }
  return projects
}

function hasTool(what, ...paths) {
  const missing = paths.find((path) => path?.startsWith(tools) && !existsSync(path))
  if (missing !== undefined) tell('skipped', what, 'the tool cannot be had')
  return missing === undefined
}

function project(name, tarball, engine) {
  const folder = join(work, name.replace(/\W+/g, '-'))
  cpSync(PROGRAMS, folder, { recursive: true })
  const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
  const peers = ['class-transformer', 'class-validator', 'reflect-metadata', 'tsyringe']
  const dependencies = Object.fromEntries(peers.map((peer) => [peer, devDependencies[peer]]))
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      private: true,
      type: 'module',
      dependencies: { ...dependencies, levin: `file:${tarball}` },
      ...(name.startsWith('yarn') && { resolutions: { ...FOR_YARN, 'levin-engine': `file:${engine}` } }),
    }),
  )
  writeFileSync(join(folder, 'yarn.lock'), '')
  writeFileSync(join(folder, '.yarnrc.yml'), 'nodeLinker: node-modules\nenableTelemetry: false\n')
  return folder
}

async function runElsewhere(folder) {
  if (hasTool('Bun', bun)) await runs('Bun', bun, ['app.js'], folder)
  if (hasTool('Deno', deno)) await runs('Deno', deno, ['run', '--allow-all', 'app.js'], folder)
}

async function compileAll(folder) {
  for (const version of ['5.9', '6', '7']) {
    const tsc = tool(`typescript-${version}/bin/tsc`)
    const what = `TypeScript ${version}, tsc`
    if (!hasTool(what, tsc)) continue
    const out = `tsc-${version}`
    const compiled = await tried(process.execPath, [tsc, '-p', 'tsconfig.json', '--outDir', out], folder)
    if (compiled.failed) tell('FAILED', what, compiled.text)
    else await runs(what, process.execPath, [`${out}/app.js`], folder)
  }
  if (hasTool('swc', tool('@swc/core')))
    await compiledBy('swc', folder, async (source) => {
      const { transform } = await import(pathToFileURL(tool('@swc/core/index.js')).href)
      const options = {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        swcrc: false,
      }
      return (await transform(source, options)).code
    })
  if (hasTool('esbuild', tool('esbuild'))) {
    const { transform } = await import(pathToFileURL(tool('esbuild/lib/main.js')).href)
    const by = (experimentalDecorators) => async (source) => {
      const tsconfigRaw = { compilerOptions: { experimentalDecorators } }
      return (await transform(source, { loader: 'ts', target: 'es2022', tsconfigRaw })).code
    }
    await compiledBy('esbuild', folder, by(true), CURE, 'no-metadata.ts')
    await compiledBy('esbuild, stage-3 decorators', folder, by(false), CURE, 'stage-3.ts')
    await compiledBy('esbuild, without decorators', folder, by(false), undefined, 'app.js')
  }
  if (hasTool('tsx', tool('tsx')))
    await runs('tsx', process.execPath, [tool('tsx/dist/cli.mjs'), 'no-metadata.ts'], folder, CURE)
}

/** @param error what its program ends with; without one it has to answer */
async function compiledBy(what, folder, transform, error, from = 'app.ts') {
  const file = `${what.replace(/\W+/g, '-')}.js`
  writeFileSync(join(folder, file), await transform(readFileSync(join(folder, from), 'utf8')))
  await runs(what, process.execPath, [file], folder, error)
}

async function runs(what, command, args, folder, error) {
  const { failed, text } = await tried(command, args, folder)
  if (error === undefined)
    tell(!failed && text.includes(SAYS) ? 'ok' : 'FAILED', what, failed ? text : 'answers')
  else
    tell(
      failed && text.includes(error) ? 'ok' : 'FAILED',
      what,
      failed && text.includes(error) ? 'the error says what to change' : text,
    )
}

async function tried(command, args, cwd) {
  try {
    const { stdout, stderr } = await run(command, args, { cwd, timeout: TIMEOUT_MS, maxBuffer: 2 ** 24 })
    return { failed: false, text: stdout + stderr }
  } catch ({ message, stdout = '', stderr = '' }) {
    return { failed: true, text: stdout + stderr || message }
  }
}

function tell(state, what, text) {
  rows.push({ state, what, more: state === 'FAILED' ? text.trim().slice(-1500) : text })
}
