import { shown } from '../../shown.js'

/** How many faults an error names, and so how many are looked for. */
export const MAX_FAULTS_NAMED = 8

/** What is wrong with an instance, as far as an error names it. */
export class Faults {
  #count = 0
  /** Made for the first one: most requests have none. */
  #texts: string[] | undefined
  /** Properties and places in lists that lead to what is looked at. */
  #path: (string | number)[] | undefined

  get areNone(): boolean {
    return this.#count === 0
  }

  /** There is no use in looking further: more are known than will be named. */
  get areEnough(): boolean {
    return this.#count > MAX_FAULTS_NAMED
  }

  enter(step: string | number): void {
    this.#path ??= []
    this.#path.push(step)
  }

  leave(): void {
    this.#path?.pop()
  }

  /** About a property of the object that was entered last. */
  add(text: string): void {
    const where = this.#where()
    this.#push((where === '' ? '' : `${where}: `) + shown(text, 200))
  }

  /** About the object itself that was entered last. */
  addOfObject(text: string): void {
    this.#push(`${this.#where()} ${text}`)
  }

  #push(text: string): void {
    this.#texts ??= []
    this.#count = this.#texts.push(text)
  }

  #where(): string {
    return (this.#path ?? []).map((step) => shown(String(step), 40)).join('.')
  }

  toString(): string {
    const named = (this.#texts ?? []).slice(0, MAX_FAULTS_NAMED).join('; ')
    return this.areEnough ? `${named}; and more` : named
  }
}

export const unknownText = (property: string): string => `property ${shown(property, 40)} should not exist`
