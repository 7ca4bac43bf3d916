import { parseArgs } from 'node:util'
import { LevinError } from '../errors.js'
import { readFile } from '../read-file.js'
import { nearest } from './nearest.js'
import {
  type ConfigOption,
  type ConfigOptions,
  type ConfigValues,
  KNOWN_VARIABLES,
  type NumberOption,
} from './options.js'

const MAX_FILE_BYTES = 1024 * 1024

/** Where values come from: flags, then the environment, then a file, then the default. */
export interface ConfigSources {
  /** Default: the program's own, `process.argv` from the third on. */
  readonly args?: readonly string[]
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv
  /** JSON that is read when it is there, and `--config FILE` names no other. Its keys are the options' names. */
  readonly file?: string
  /** Names that the file may have for other programs. */
  readonly others?: ConfigOptions
  /** Whether arguments that belong to no option are allowed; default not. */
  readonly positionals?: boolean
}

/** What `readConfig` found: a value for each option, and what stood on the command line without a name. */
export interface Config<O extends ConfigOptions> {
  readonly values: ConfigValues<O>
  readonly positionals: readonly string[]
}

/** One value as it was given, and where, for messages. */
interface Given {
  readonly text: string | boolean | readonly string[]
  readonly where: string
}

/**
 * What a program was told: its command line counts more than the environment, that more than its file, and that more than
 * the defaults.
 * @throws LevinError CONFIG for a name that there is not, with the one that was meant, and for a value that cannot be
 * @example
 * const { values } = await readConfig({ ...walletOptions, ...axonOptions })
 * await miner.listen({ host: values['axon.ip'], port: values['axon.port'] })
 */
export async function readConfig<O extends ConfigOptions>(
  options: O,
  sources: ConfigSources = {},
): Promise<Config<O>> {
  const names = namesOf(options)
  const { given, positionals, file } = fromArguments(names, options, sources)
  const fromFile = await fromJson(file, sources, namesOf({ ...sources.others, ...options }))
  const fromEnv = fromEnvironment(options, sources.env ?? process.env)
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(options)) {
    values[name] = parsed(name, option, given.get(name) ?? fromEnv.get(name) ?? fromFile.get(name))
  }
  return { values: values as ConfigValues<O>, positionals }
}

/** Every name by which an option is known, and the one that it has here. */
function namesOf(options: ConfigOptions): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  for (const [name, { also = [] }] of Object.entries(options))
    for (const each of [name, ...also]) names.set(each, name)
  return names
}

function fromArguments(
  names: ReadonlyMap<string, string>,
  options: ConfigOptions,
  { args = process.argv.slice(2), positionals: isAllowed = false }: ConfigSources,
): { given: Map<string, Given>; positionals: string[]; file: string | undefined } {
  const known: Record<string, { type: 'string' | 'boolean'; multiple: true }> = {
    config: { type: 'string', multiple: true },
  }
  for (const [name, own] of names)
    known[name] = { type: options[own]!.type === 'flag' ? 'boolean' : 'string', multiple: true }
  const { tokens } = parseArgs({ args: [...args], options: known, strict: false, tokens: true })
  const given = new Map<string, Given>()
  const positionals: string[] = []
  let file: string | undefined
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { rawName, value } = token
    const isFile = token.name === 'config'
    const own = rawName.startsWith('--') ? names.get(token.name) : undefined
    if (own === undefined && !isFile)
      throw unknown(`the option ${rawName}`, token.name, [...names.keys(), 'config'], '--')
    const option = isFile ? undefined : options[own!]!
    if (option?.type === 'flag') {
      if (value !== undefined) throw new LevinError('CONFIG', `${rawName} takes no value`)
      given.set(own!, { text: true, where: rawName })
      continue
    }
    // `--wallet.name --netuid 2` forgot a name, and did not mean one that begins with dashes.
    if (value === undefined || (!token.inlineValue && /^-[^\d.]/.test(value)))
      throw new LevinError('CONFIG', `${rawName} needs a value: ${rawName} ${option?.value ?? 'FILE'}`)
    const before = own === undefined ? undefined : given.get(own)
    if (isFile) file = value
    else if (option!.type === 'list')
      given.set(own!, { text: [...((before?.text as string[]) ?? []), value], where: rawName })
    else if (before !== undefined) throw new LevinError('CONFIG', `${rawName} is given twice`)
    else given.set(own!, { text: value, where: rawName })
  }
  if (positionals.length > 0 && !isAllowed)
    // Not shown: it may be a secret that somebody thought could stand there.
    throw new LevinError('CONFIG', 'there is an argument that belongs to no option: options begin with --')
  return { given, positionals, file }
}

function fromEnvironment(options: ConfigOptions, env: NodeJS.ProcessEnv): Map<string, Given> {
  const given = new Map<string, Given>()
  const known = new Set(KNOWN_VARIABLES)
  for (const [name, option] of Object.entries(options)) {
    for (const variable of option.env ?? []) {
      known.add(variable)
      const text = env[variable]
      if (!text || given.has(name)) continue
      const isList = option.type === 'list'
      given.set(name, {
        text: isList ? text.split(',').filter((each) => each !== '') : text,
        where: variable,
      })
    }
  }
  for (const variable of Object.keys(env)) {
    if (!/^(BT|LEVIN)_/.test(variable) || known.has(variable)) continue
    const meant = nearest(variable, known)
    if (meant !== undefined) throw unknown(`the variable ${variable}`, variable, known, '')
  }
  return given
}

async function fromJson(
  named: string | undefined,
  { file: usual }: ConfigSources,
  names: ReadonlyMap<string, string>,
): Promise<Map<string, Given>> {
  const path = named ?? usual
  if (path === undefined) return new Map()
  let text: string
  try {
    text = (await readFile(path, MAX_FILE_BYTES)).toString('utf8')
  } catch (error) {
    if (named === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw new LevinError('CONFIG', `--config ${path} cannot be read: ${LevinError.from(error).message}`)
  }
  const given = new Map<string, Given>()
  for (const [key, value] of Object.entries(objectIn(path, text))) {
    const own = names.get(key)
    if (own === undefined) throw unknown(`the key "${key}" of ${path}`, key, names.keys(), '')
    const isFit = ['string', 'number', 'boolean'].includes(typeof value) || isTexts(value)
    if (!isFit)
      throw new LevinError('CONFIG', `${path}: ${key} is a text, a number, true, false or a list of texts`)
    given.set(own, {
      text: typeof value === 'number' ? String(value) : (value as Given['text']),
      where: `${path}: ${key}`,
    })
  }
  return given
}

function objectIn(path: string, text: string): object {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw new LevinError('CONFIG', `${path} is no JSON: ${LevinError.from(error).message}`)
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) return content
  throw new LevinError('CONFIG', `${path} is a JSON object, such as {"axon.port": 8091}`)
}

const isTexts = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')

function parsed(name: string, option: ConfigOption, given: Given | undefined): unknown {
  if (given === undefined) {
    if (option.type === 'flag') return false
    return option.type === 'list' ? [] : option.default
  }
  const { text, where } = given
  switch (option.type) {
    case 'flag':
      if (text === true || text === 'true' || text === '1') return true
      if (text === false || text === 'false' || text === '0') return false
      throw new LevinError('CONFIG', `${where} is true or false`)
    case 'list':
      if (typeof text === 'boolean') throw new LevinError('CONFIG', `${where} is a list of texts`)
      return typeof text === 'string' ? [text] : text
    case 'text':
      if (typeof text === 'string') return text
      throw new LevinError('CONFIG', `${where} is a text`)
    default:
      return numberOf(where, name, option, text)
  }
}

function numberOf(where: string, name: string, option: NumberOption, text: Given['text']): number {
  const { type, least = 0, most = Number.MAX_SAFE_INTEGER } = option
  const value = typeof text === 'string' && text.trim() !== '' ? Number(text) : Number.NaN
  const isOne = type === 'integer' ? Number.isInteger(value) : Number.isFinite(value)
  if (isOne && value >= least && value <= most) return value
  const what = type === 'integer' ? 'an integer' : 'a number'
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`
  throw new LevinError('CONFIG', `${where} is ${JSON.stringify(text)}; ${name} is ${what} ${range}`)
}

function unknown(what: string, name: string, known: Iterable<string>, before: string): LevinError {
  const meant = nearest(name, known)
  const hint = meant === undefined ? 'see --help' : `did you mean ${before}${meant}?`
  return new LevinError('CONFIG', `${what} does not exist: ${hint}`)
}
