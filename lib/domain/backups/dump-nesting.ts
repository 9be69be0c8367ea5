/** Parentheses and bodies of routines within a statement, by the rules of psql's scanner: a semicolon in them does not end it. */
export class Nesting {
  #parentheses = 0
  #bodies = 0
  #creates = false
  #isRoutine = false

  get inside(): boolean {
    return this.#parentheses > 0 || this.#bodies > 0
  }

  open(): void {
    this.#parentheses += 1
  }

  close(): void {
    if (this.#parentheses > 0) this.#parentheses -= 1
  }

  /** A word outside quotes and comments. */
  word(word: string): void {
    const is = word.toLowerCase()
    if (is === 'create') this.#creates = true
    else if (this.#creates && (is === 'function' || is === 'procedure')) this.#isRoutine = true
    if (!this.#isRoutine || this.#parentheses > 0) return
    if (is === 'begin' || (is === 'case' && this.#bodies > 0)) this.#bodies += 1
    else if (is === 'end' && this.#bodies > 0) this.#bodies -= 1
  }

  /** A statement has ended. */
  reset(): void {
    this.#parentheses = 0
    this.#bodies = 0
    this.#creates = false
    this.#isRoutine = false
  }
}
