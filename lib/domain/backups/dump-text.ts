import { cutText } from '../text'
import { Nesting } from './dump-nesting'

/** What a dump says of itself, and what in it may not be given to psql. */
export interface DumpFacts {
  format: 'plain' | 'custom' | 'unknown'
  /** "15.13", of the server that was dumped and of the program that did it. */
  serverVersion: string | null
  dumpedBy: string | null
  bytes: number
  tables: number
  /** The last lines say that pg_dump came to its end. */
  complete: boolean
  /** It ends inside the rows of a table, or inside a statement. */
  endsInside: boolean
  /** The first thing that pg_dump does not write and that psql might run, cut short; null without one. */
  refused: string | null
  /** It goes on in a database of its own name. */
  connects: boolean
  /** What an older psql or server would refuse, and the encoding of its text when it is another than UTF-8. */
  needs: { restrict: boolean; transactionTimeout: boolean; encoding: string | null }
}

/** A plain dump in the pieces in which a server takes it; meta-commands are left out. */
export type DumpPiece =
  /** `ends`: with the semicolon of a statement; `copies`: rows follow. */
  | { kind: 'sql'; bytes: Buffer; ends: boolean; copies: boolean }
  | { kind: 'rows'; bytes: Buffer }
  | { kind: 'rows-end' }

const headBytes = 4096
const endMarker = '-- PostgreSQL database dump complete'
/** Meta-commands that pg_dump and pg_dumpall write. Every other one could run a program or read a file of the restoring machine. */
const allowed =
  /^\\(restrict|unrestrict) [A-Za-z0-9]+$|^\\connect (?:"[^"=:/]*"|[A-Za-z0-9_]+|-reuse-previous=on "dbname='[^'"]*'")$/
/** Longer names are not PostgreSQL's. */
const longestWord = 200
/** The line that ends the rows of a COPY, with the end of the line before it. */
const rowsEnd = '\n\\.\n'
const newline = 0x0a
const quote = 0x27
const backslash = 0x5c

type State =
  | { at: 'code' }
  | { at: 'line-comment' }
  | { at: 'block-comment'; depth: number }
  | { at: 'quoted'; end: number; escapes: boolean }
  | { at: 'dollar'; tag: string }
  | { at: 'meta' }
  | { at: 'rows' }

/**
 * Reads a plain dump as psql would, as it passes by, and keeps nothing of it: a backslash outside quotes, comments and the rows of a
 * COPY is a meta-command to psql, wherever in a line it is.
 */
export class DumpReader {
  #bytes = 0
  #head = Buffer.alloc(0)
  #tail = Buffer.alloc(0)
  #state: State = { at: 'code' }
  /** Of the statement so far, without what is quoted or commented: its beginning and its end. */
  #statementHead = ''
  #statementTail = ''
  /** The statement that has just ended starts rows with the next line. */
  #rowsNext = false
  /** The current meta-command, as far as it matters. */
  #line = ''
  #lineStart = true
  #word = ''
  #previous = 0
  #tables = 0
  #refused: string | null = null
  #connects = false
  readonly #nesting = new Nesting()
  /** In a string: so many backslashes stand just here, and before them a byte that could be the first half of a character. */
  #slashes = 0
  #afterHigh = false
  /** The last bytes of the rows, of which the end may be made, and those of them that were not handed on. */
  #rowsTail = ''
  #held = Buffer.alloc(0)
  /** Of the current piece of the dump: where what was not handed on begins. */
  #from = 0
  /** An E'' string has just ended: a quote that follows may go on with it. */
  #afterEscapes: 'adjacent' | 'apart' | null = null

  /** `piece` is told what a plain dump consists of, in its order. */
  constructor(private readonly piece?: (piece: DumpPiece) => void) {}

  write(chunk: Uint8Array): void {
    const data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    if (this.#head.length < headBytes)
      this.#head = Buffer.concat([this.#head, data.subarray(0, headBytes - this.#head.length)])
    this.#tail = Buffer.concat([this.#tail, data.subarray(-headBytes)]).subarray(-headBytes)
    this.#bytes += data.length
    if (this.#format() === 'custom') return
    let at = 0
    this.#from = 0
    while (at < data.length) at = this.#state.at === 'rows' ? this.#skipRows(data, at) : this.#read(data, at)
    if (this.#state.at !== 'rows' && this.#state.at !== 'meta' && !this.#rowsNext) this.#sql(data, at, false)
  }

  /** What was refused so far; an unfinished line is not judged yet. */
  get refused(): string | null {
    return this.#refused
  }
  get connects(): boolean {
    return this.#connects
  }

  facts(): DumpFacts {
    const head = this.#head.toString('utf8')
    const format = this.#format()
    return {
      format,
      serverVersion: /^-- Dumped from database version (\S+)/m.exec(head)?.[1] ?? null,
      dumpedBy: /^-- Dumped by (?:pg_dump version )?(\S+)/m.exec(head)?.[1] ?? null,
      bytes: this.#bytes,
      tables: this.#tables,
      complete: format === 'custom' || this.#tail.toString('utf8').includes(endMarker),
      endsInside:
        format === 'plain' &&
        (this.#state.at === 'rows' ||
          !['code', 'line-comment', 'meta'].includes(this.#state.at) ||
          this.#statementHead.trim() !== ''),
      connects: this.#connects,
      refused: this.#refused ?? (this.#state.at === 'meta' && !allowed.test(this.#line) ? this.#line : null),
      needs: {
        restrict: /^\\restrict /m.test(head),
        transactionTimeout: /^SET transaction_timeout/m.test(head),
        encoding: /^SET client_encoding = '(?!UTF8'|SQL_ASCII')([^']+)'/m.exec(head)?.[1] ?? null,
      },
    }
  }

  #format(): DumpFacts['format'] {
    if (this.#head.subarray(0, 5).toString('latin1') === 'PGDMP') return 'custom'
    return this.#head.includes('-- PostgreSQL database dump') ? 'plain' : 'unknown'
  }

  /** Rows of a COPY end with a line of `\.`; all else in them is data. */
  #skipRows(data: Buffer, from: number): number {
    const tail = this.#rowsTail
    const across = (tail + data.toString('latin1', from, from + 3)).indexOf(rowsEnd)
    const inside = across >= 0 ? -1 : data.indexOf(rowsEnd, from, 'latin1')
    if (across < 0 && inside < 0) {
      this.#rowsTail = (tail + data.toString('latin1', Math.max(from, data.length - 3))).slice(-3)
      this.#rows(data.subarray(from), this.#rowsTail.endsWith('\n\\.') ? 2 : this.#rowsTail.endsWith('\n\\') ? 1 : 0)
      return data.length
    }
    const end = across >= 0 ? from + across + rowsEnd.length - tail.length : inside + rowsEnd.length
    this.#rows(data.subarray(from, end), rowsEnd.length - 1)
    this.#held = Buffer.alloc(0)
    this.piece?.({ kind: 'rows-end' })
    this.#state = { at: 'code' }
    this.#lineStart = true
    this.#from = end
    return end
  }

  /** Hands rows on but for the last bytes. */
  #rows(bytes: Buffer, keep: number): void {
    if (!this.piece) return
    const all = this.#held.length > 0 ? Buffer.concat([this.#held, bytes]) : bytes
    const given = all.subarray(0, all.length - keep)
    this.#held = Buffer.from(all.subarray(all.length - keep))
    if (given.length > 0) this.piece({ kind: 'rows', bytes: given })
  }

  #sql(data: Buffer, to: number, ends: boolean): void {
    const bytes = data.subarray(this.#from, to)
    this.#from = to
    if (bytes.length > 0) this.piece?.({ kind: 'sql', bytes, ends, copies: ends && this.#rowsNext })
  }

  /** One byte of what is not rows. */
  #read(data: Buffer, at: number): number {
    const byte = data[at] ?? 0
    const state = this.#state
    switch (state.at) {
      case 'code':
        return this.#code(byte, data, at)
      case 'line-comment':
        if (byte === newline) this.#endLine(at)
        break
      case 'block-comment':
        if (this.#previous === 0x2a && byte === 0x2f) {
          this.#state = state.depth === 1 ? { at: 'code' } : { at: 'block-comment', depth: state.depth - 1 }
          this.#previous = 0
          return at + 1
        }
        if (this.#previous === 0x2f && byte === 0x2a) {
          this.#state = { at: 'block-comment', depth: state.depth + 1 }
          this.#previous = 0
          return at + 1
        }
        break
      case 'quoted':
        this.#quoted(byte, state)
        return at + 1
      case 'dollar':
        this.#word = (this.#word + String.fromCharCode(byte)).slice(-state.tag.length)
        if (this.#word === state.tag) {
          this.#state = { at: 'code' }
          this.#word = ''
        }
        break
      case 'meta':
        if (byte === newline) {
          if (!allowed.test(this.#line)) this.#refuse(this.#line)
          if (this.#line.startsWith('\\connect')) this.#connects = true
          this.#endLine(at)
          this.#from = at + 1
        } else if (this.#line.length < 200) this.#line += String.fromCharCode(byte)
        break
      case 'rows':
        break
    }
    this.#previous = byte
    return at + 1
  }

  #endLine(at: number): void {
    this.#state = this.#rowsNext ? { at: 'rows' } : { at: 'code' }
    if (this.#rowsNext) {
      this.#tables += 1
      this.#rowsTail = '\n'
      this.#from = at + 1
    }
    this.#rowsNext = false
    this.#line = ''
    this.#lineStart = true
  }

  #quoted(byte: number, { end, escapes }: { end: number; escapes: boolean }): void {
    if (byte === end) {
      const odd = this.#slashes % 2 === 1
      // psql reads this otherwise when standard_conforming_strings is off, or in an encoding such as SJIS.
      if (end === quote && this.#slashes > 0 && (this.#afterHigh || (odd && !escapes))) this.#refuse("\\'")
      // A doubled quote ends one and begins another, which comes to the same.
      if (!(escapes && odd)) {
        this.#state = { at: 'code' }
        if (escapes) this.#afterEscapes = 'adjacent'
      }
    }
    if (byte === backslash) this.#slashes += 1
    else {
      this.#slashes = 0
      this.#afterHigh = byte >= 0x80
    }
  }

  #code(byte: number, data: Buffer, at: number): number {
    const char = String.fromCharCode(byte)
    const previous = this.#previous
    this.#previous = byte
    if (byte === newline) {
      if (this.#word !== '') this.#endWord(this.#word)
      this.#keep(' ')
      this.#endLine(at)
      this.#word = ''
      return at + 1
    }
    const first = this.#lineStart
    this.#lineStart = false
    const word = this.#word
    this.#word = /[A-Za-z0-9_$\u0080-\u00ff]/.test(char) ? (word + char).slice(0, longestWord) : ''
    if (word !== '' && this.#word === '') this.#endWord(word)
    const escaped = this.#afterEscapes
    this.#afterEscapes = escaped !== null && /\s|[-/]/.test(char) ? 'apart' : null
    if (byte === backslash) {
      // What follows a statement in its line, or stands within one, is no line of pg_dump's own.
      this.#line = first && this.#statementHead.trim() === '' ? '\\' : ' \\'
      this.#state = { at: 'meta' }
      this.#sql(data, at, false)
    } else if (char === "'" || char === '"') {
      // A doubled quote goes on with its string. So does one in another line, in a way that psql's versions do not agree on.
      if (char === "'" && escaped === 'apart') this.#refuse("E'...' '...'")
      const escapes = char === "'" && (escaped === 'adjacent' || /^e$/i.test(word))
      this.#state = { at: 'quoted', end: byte, escapes }
      this.#previous = 0
      this.#slashes = 0
      this.#afterHigh = false
      this.#keep(char)
    } else if (char === '-' && previous === byte) {
      this.#drop()
      this.#state = { at: 'line-comment' }
    } else if (char === '*' && previous === 0x2f) {
      this.#drop()
      this.#state = { at: 'block-comment', depth: 1 }
      this.#previous = 0
    } else if (char === '$') {
      // "$" of a tag begins where no name is; its end is found in the word that has grown since.
      const tag = /^\$([A-Za-z_\u0080-\u00ff][A-Za-z0-9_\u0080-\u00ff]*)?\$$/.exec(this.#word)?.[0]
      if (/^\d/.test(word) || this.#word.length === longestWord) this.#refuse(this.#word)
      if (tag) {
        this.#state = { at: 'dollar', tag }
        this.#word = ''
      }
      this.#keep(char)
    } else if (char === ';' && !this.#nesting.inside) {
      this.#nesting.reset()
      this.#rowsNext = /^COPY\b/i.test(this.#statementHead)
      // Rows that begin where this does not see it would be read as statements, and statements as rows.
      if (this.#rowsNext && !/\sFROM\s+stdin\s*$/i.test(this.#statementTail)) this.#refuse(this.#statementHead)
      this.#statementHead = ''
      this.#statementTail = ''
      this.#sql(data, at + 1, true)
    } else {
      if (char === '(') this.#nesting.open()
      if (char === ')') this.#nesting.close()
      if (this.#rowsNext && !/\s/.test(char)) this.#refuse(`COPY ...; ${char}`)
      this.#keep(char)
    }
    return at + 1
  }

  #endWord(word: string): void {
    // A number and a word to some versions of psql, and to others not.
    if (/^[\d$].*(create|function|procedure|begin|case|end)$/i.test(word)) this.#refuse(word)
    this.#nesting.word(word)
  }

  #refuse(text: string): void {
    this.#refused ??= cutText(text.trim(), 60)
  }

  #keep(char: string): void {
    // A byte order mark is blank to psql.
    if (this.#statementHead === '' && /[\s\u00ef\u00bb\u00bf]/.test(char)) return
    if (this.#statementHead.length < 64) this.#statementHead += char
    this.#statementTail = (this.#statementTail + char).slice(-64)
  }

  /** Takes back the character that turned out to begin a comment. */
  #drop(): void {
    if (this.#statementHead.length < 64) this.#statementHead = this.#statementHead.slice(0, -1)
    this.#statementTail = this.#statementTail.slice(0, -1)
  }
}
