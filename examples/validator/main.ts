/** node build/examples/validator/main.js --hotkey MINER_HOTKEY [--host 127.0.0.1] [--port 8091] FILE... */
import 'reflect-metadata'
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { type Answer, LevinError, type MinerConnection, Validator } from 'levin'
import {
  Highlight,
  type Identification,
  Identify,
  type KeywordList,
  Keywords,
  Summarise,
  type SummarySentence,
} from '../miner/contract.js'
import { signerFrom } from '../signer.js'
import { explain, mark, markOfFailure, score } from './judge.js'
import { printTable } from './table.js'

interface Sample {
  readonly name: string
  readonly text: string
  /** The right answer, where the file's name says it: `tram.de.txt`. */
  readonly language: string | undefined
  readonly marks: {
    language?: number | undefined
    keywords?: number | undefined
    summary?: number | undefined
  }
}

const options = { timeoutMs: 5_000 }

const { values: args, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '8091' },
    hotkey: { type: 'string' },
  },
})
if (args.hotkey === undefined || paths.length === 0) {
  console.error('usage: validator/main.js --hotkey MINER_HOTKEY [--host 127.0.0.1] [--port 8091] FILE...')
  process.exit(2)
}
const axon = { hotkey: args.hotkey, host: args.host, port: Number(args.port) }

const samples = await Promise.all(paths.map(readSample))
const validator = new Validator({ signer: signerFrom('VALIDATOR_SEED', 0xd2) })
process.once('SIGINT', () => validator.close())
try {
  const miner = await validator.connect(axon, options)
  await askAll(miner, samples)
  for (const sample of samples) await summarise(miner, sample)
  await highlight(miner, samples[0]!)
  printScores(samples)
} catch (error) {
  fail('connect', error)
  console.log(`miner ${axon.hotkey}: ${points(markOfFailure(LevinError.from(error)))}`)
} finally {
  validator.close()
}

async function readSample(path: string): Promise<Sample> {
  const name = basename(path)
  // A line break inside a sentence is layout, not language.
  const text = (await readFile(path, 'utf8')).replace(/\s+/g, ' ').trim()
  return { name, text, language: /\.([a-z]{2})\.\w+$/.exec(name)?.[1], marks: {} }
}

/** Two queries a text, all of them at once on one connection. */
async function askAll(miner: MinerConnection, samples: readonly Sample[]): Promise<void> {
  const rows = await Promise.all(
    samples.map(async (sample) => {
      const { name, text } = sample
      const [identified, listed] = await Promise.all([
        settled(miner.query(Identify, { text }, options)),
        settled(miner.query(Keywords, { text, limit: 4 }, options)),
      ])
      return [name, ...languageCells(sample, identified), ...keywordCells(sample, listed)]
    }),
  )
  console.log(`Identify and Keywords, ${2 * samples.length} queries at once`)
  printTable([['TEXT', 'LANGUAGE', ' LATENCY', ' LATENCY', 'KEYWORDS'], ...rows])
}

function languageCells({ name, language, marks }: Sample, answer: Answer<Identification> | LevinError) {
  if (answer instanceof LevinError) {
    marks.language = markOfFailure(answer)
    fail(`Identify ${name}`, answer)
    return ['failed', '-']
  }
  const { guesses, reliable } = answer.data
  const best = guesses[0]
  if (language !== undefined) marks.language = mark(best?.language === language, answer.latencyMs)
  const found = best === undefined ? 'none' : `${best.language} ${best.confidence.toFixed(2)}`
  return [reliable ? found : `${found} (unsure)`, ms(answer.latencyMs)]
}

function keywordCells({ name, text, marks }: Sample, answer: Answer<KeywordList> | LevinError) {
  if (answer instanceof LevinError) {
    marks.keywords = markOfFailure(answer)
    fail(`Keywords ${name}`, answer)
    return ['-', 'failed']
  }
  const { words } = answer.data
  const lowerCase = text.toLowerCase()
  marks.keywords = mark(words.length > 0 && words.every((word) => lowerCase.includes(word)), answer.latencyMs)
  return [ms(answer.latencyMs), words.join(', ')]
}

/** Prints each sentence when it arrives. */
async function summarise(miner: MinerConnection, { name, text, marks }: Sample): Promise<void> {
  console.log(`\nSummarise ${name}, a stream of sentences`)
  const started = performance.now()
  const sentences: SummarySentence[] = []
  try {
    for await (const sentence of miner.stream(Summarise, { text, limit: 2 }, options)) {
      console.log(`  +${ms(performance.now() - started)}  ${sentence.text}`)
      sentences.push(sentence)
    }
    const isQuoted = sentences.length > 0 && sentences.every((sentence) => text.includes(sentence.text))
    marks.summary = mark(isQuoted, performance.now() - started)
  } catch (error) {
    marks.summary = markOfFailure(LevinError.from(error))
    fail(`Summarise ${name}`, error)
  }
}

/** Bytes go on as they come: to a terminal here, to a file or a socket as well. */
async function highlight(miner: MinerConnection, { name, text }: Sample): Promise<void> {
  console.log(`\nHighlight ${name}, a stream of bytes`)
  try {
    for await (const bytes of miner.stream(Highlight, { text, limit: 4 }, options))
      process.stdout.write(bytes)
    console.log()
  } catch (error) {
    fail(`Highlight ${name}`, error)
  }
}

function printScores(samples: readonly Sample[]): void {
  const rows = samples.map(({ name, marks: { language, keywords, summary } }) => [
    name,
    ...[language, keywords, summary, score([language, keywords, summary])].map(points),
  ])
  console.log('\nScores')
  printTable([['TEXT', 'LANGUAGE', 'KEYWORDS', 'SUMMARY', 'SCORE'], ...rows])
  const all = samples.flatMap(({ marks }) => Object.values(marks))
  console.log(`  miner ${axon.hotkey}: ${points(score(all))}`)
}

/** An answer, or why there is none: one text that fails must not hide the others. */
function settled<T>(answer: Promise<T>): Promise<T | LevinError> {
  return answer.catch((error: unknown) => LevinError.from(error))
}

function fail(what: string, error: unknown): void {
  console.error(`${what}: ${explain(LevinError.from(error))}`)
  process.exitCode = 1
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`.padStart(8)
}

function points(value: number | undefined): string {
  return value === undefined ? '-' : value.toFixed(2)
}
