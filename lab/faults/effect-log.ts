import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { EffectLog, EffectLogEntry } from '../contract'

/** The log of mutating API calls: in memory, and appended to a file that outlives the lab. */
export class FileEffectLog implements EffectLog {
  #entries: EffectLogEntry[]

  constructor(private readonly file: string) {
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    this.#entries = text.split('\n').flatMap(parse)
    // A line cut short must not swallow the next one.
    if (text !== '' && !text.endsWith('\n')) appendFileSync(file, '\n')
  }

  append(entry: Omit<EffectLogEntry, 'n' | 'at'>): EffectLogEntry {
    const full = { n: (this.#entries.at(-1)?.n ?? 0) + 1, at: Date.now(), ...entry }
    this.#entries.push(full)
    appendFileSync(this.file, `${JSON.stringify(full)}\n`, { mode: 0o600 })
    return full
  }

  list(sinceN = 0): EffectLogEntry[] {
    return this.#entries.filter((entry) => entry.n > sinceN)
  }
}

/** A line cut short by a crash is left out; the next ones count on. */
function parse(line: string): EffectLogEntry[] {
  if (!line) return []
  try {
    return [JSON.parse(line) as EffectLogEntry]
  } catch {
    return []
  }
}
