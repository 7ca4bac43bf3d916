import { setImmediate } from 'node:timers/promises'
import { type Call, Synapse } from 'levin'
import { injectable } from 'tsyringe'
import {
  Highlight,
  Identification,
  Identify,
  KeywordList,
  Keywords,
  LimitedTextQuery,
  Summarise,
  type SummarySentence,
  TextQuery,
} from './contract.js'
import { LanguageService } from './language-service.js'

@injectable()
export class TextMiner {
  constructor(private readonly language: LanguageService) {}

  @Synapse(Identify)
  identify({ text }: TextQuery): Identification {
    return this.language.identify(text)
  }

  @Synapse(Keywords)
  keywords({ text, limit }: LimitedTextQuery): KeywordList {
    return { words: this.language.keywords(text, limit) }
  }

  @Synapse(Summarise)
  async *summarise({ text, limit }: LimitedTextQuery, call: Call): AsyncIterable<SummarySentence> {
    for (const sentence of this.language.summarise(text, limit)) {
      call.log.debug('picked a sentence', { position: sentence.position })
      yield sentence
      await setImmediate() // the next sentence costs CPU: other callers have their turn first
    }
  }

  @Synapse(Highlight)
  async *highlight({ text, limit }: LimitedTextQuery): AsyncIterable<Uint8Array> {
    for (const sentence of this.language.highlight(text, limit)) {
      yield Buffer.from(sentence)
      await setImmediate()
    }
  }
}
