import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { expect, test } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')

/** What the compiler has to say about some files, or texts in their place, under the project's own options. */
function diagnose(files: string[], texts = new Map<string, string>()): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  const declarations = fileNames.filter((name) => name.endsWith('.d.ts'))
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  host.fileExists = (file) => texts.has(file) || fileExists(file)
  host.readFile = (file) => texts.get(file) ?? readFile(file)
  const program = ts.createProgram([...declarations, ...files], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
    return `${file?.fileName.slice(root.length)}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
  })
}

const cases = readdirSync(here).filter((name) => name.endsWith('.test-d.ts'))

test('what should compile does, and each line that should not does not', { timeout: 60_000 }, () => {
  expect(cases).toEqual([
    'middleware.test-d.ts',
    'miner.test-d.ts',
    'monitor.test-d.ts',
    'signers.test-d.ts',
    'testing.test-d.ts',
    'validator.test-d.ts',
  ])
  expect(diagnose(cases.map((name) => join(here, name)))).toEqual([])
})

const mistakes = `
import { type Call, type Identified, Miner, type MinerOptions, Synapse, type SynapseData } from '../../src/index.js'
import { AnySynapse, BytesSynapse, Forecast, ForecastQuery, ForecastSynapse, Unrelated } from './contract.js'
declare const options: MinerOptions
const forecast = { celsius: [1] }

export class Answer { @Synapse(ForecastSynapse) answer(_query: ForecastQuery) { return { celsius: ['cold'] } } }
export class Request { @Synapse(ForecastSynapse) request(_query: Unrelated): Forecast { return forecast } }
export class Once { @Synapse(BytesSynapse) once(_query: ForecastQuery): Forecast { return forecast } }
export class OtherCall { @Synapse(AnySynapse) call(data: SynapseData, _call: string) { return data } }
export class Hidden { @Synapse(AnySynapse) protected hidden(data: SynapseData) { return data } }
export class Asks { @Synapse(AnySynapse) asks(data: SynapseData, _call: Call & Identified) { return data } }
new Miner(options).register(Asks)
new Miner(options).use((_call, next: (adds: { caller: string }) => Promise<object>) => next({ caller: '' }))
export const miner: Miner<Identified> = new Miner(options)
`

test('what the compiler says names what is expected', { timeout: 60_000 }, () => {
  const file = join(here, 'mistakes.ts')
  const said = diagnose([file], new Map([[file, mistakes]]))
  expect(said.map((line) => Number(/:(\d+)/.exec(line)![1]))).toEqual([7, 8, 9, 10, 11, 13, 14, 15])
  const expected = [
    "Type 'string' is not assignable to type 'number'",
    "Property 'height' is missing in type 'ForecastQuery' but required in type 'Unrelated'",
    /'Forecast' is not assignable to type 'AsyncIterable<.*> \| Iterable/,
    "Type 'Call' is not assignable to type 'string'",
    `'"hidden"' is not assignable to parameter of type 'never'`,
    `'no middleware adds what these methods ask of the call': "asks"`,
    `'the call has this already': "caller"`,
    `'only use() adds to the call': "neuron"`,
  ]
  for (const [i, text] of expected.entries()) expect(said[i]).toMatch(text)
})
