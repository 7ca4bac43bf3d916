import { eld } from 'eld/small'
import { singleton } from 'tsyringe'
import type { Identification, SummarySentence } from './contract.js'

/** What the miner sells. It knows nothing of the network; a real one would call a model here. */
@singleton()
export class LanguageService {
  readonly #words = new Intl.Segmenter(undefined, { granularity: 'word' })
  readonly #sentences = new Intl.Segmenter(undefined, { granularity: 'sentence' })

  identify(text: string): Identification {
    const result = eld.detect(text)
    const guesses = Object.entries(result.getScores())
      .map(([language, confidence]) => ({ language, confidence }))
      .sort((a, b) => b.confidence - a.confidence)
    return { guesses: guesses.slice(0, 3), reliable: result.isReliable() }
  }

  keywords(text: string, limit: number): string[] {
    return [...this.#weigh(text)]
      .sort(([, a], [, b]) => b - a)
      .slice(0, limit)
      .map(([word]) => word)
  }

  /** SumBasic: the best sentence comes first, then its words count less, so that the next one says something else. */
  *summarise(text: string, limit: number): Generator<SummarySentence> {
    const weights = this.#weigh(text)
    const left = this.#sentencesOf(text).map((sentence, position) => ({
      position,
      text: sentence.trim(),
      words: this.#wordsOf(sentence),
    }))
    const weigh = (words: string[]) =>
      words.reduce((sum, word) => sum + weights.get(word)!, 0) / Math.max(words.length, 1)
    for (let picked = 0; picked < limit && left.length > 0; picked++) {
      left.sort((a, b) => weigh(b.words) - weigh(a.words))
      const { position, text, words } = left.shift()!
      for (const word of words) weights.set(word, weights.get(word)! / 4)
      yield { position, text }
    }
  }

  /** The text, sentence by sentence, with its keywords between asterisks. */
  *highlight(text: string, limit: number): Generator<string> {
    const keywords = new Set(this.keywords(text, limit))
    for (const sentence of this.#sentencesOf(text)) {
      const words = [...this.#words.segment(sentence)].map(({ segment }) => segment)
      yield words.map((word) => (keywords.has(word.toLowerCase()) ? `*${word}*` : word)).join('')
    }
  }

  /** A language's commonest words are its shortest (Zipf): what is longer than the average counts, in any language. */
  #weigh(text: string): Map<string, number> {
    const words = this.#wordsOf(text)
    const average = words.join('').length / words.length
    const weights = new Map<string, number>()
    for (const word of words) {
      weights.set(word, (weights.get(word) ?? 0) + Math.sqrt(Math.max(word.length - average, 0)))
    }
    return weights
  }

  #wordsOf(text: string): string[] {
    return [...this.#words.segment(text)]
      .filter(({ isWordLike }) => isWordLike)
      .map(({ segment }) => segment.toLowerCase())
  }

  #sentencesOf(text: string): string[] {
    return [...this.#sentences.segment(text)].map(({ segment }) => segment)
  }
}
