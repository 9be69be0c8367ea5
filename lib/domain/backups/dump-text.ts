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
  /** What an older psql or server would refuse. */
  needs: { restrict: boolean; transactionTimeout: boolean }
}

const headBytes = 4096
const endMarker = '-- PostgreSQL database dump complete'
/** Meta-commands that pg_dump and pg_dumpall write. Every other one could run a program or read a file of the restoring machine. */
const allowed =
  /^\\(restrict|unrestrict) [A-Za-z0-9]+$|^\\connect (?:"[^"=:/]*"|[A-Za-z0-9_]+|-reuse-previous=on "dbname='[^'"]*'")$/
/** Longer names are not PostgreSQL's. */
const longestWord = 200
const newline = 0x0a
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
  /** The current line of meta-command or row end, as far as it matters. */
  #line = ''
  #lineStart = true
  #word = ''
  #previous = 0
  #tables = 0
  #refused: string | null = null
  /** An E'' string has just ended: a quote that follows may go on with it. */
  #afterEscapes: 'adjacent' | 'apart' | null = null

  write(chunk: Uint8Array): void {
    const data = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    if (this.#head.length < headBytes)
      this.#head = Buffer.concat([this.#head, data.subarray(0, headBytes - this.#head.length)])
    this.#tail = Buffer.concat([this.#tail, data.subarray(-headBytes)]).subarray(-headBytes)
    this.#bytes += data.length
    if (this.#format() === 'custom') return
    let at = 0
    while (at < data.length) at = this.#state.at === 'rows' ? this.#skipRows(data, at) : this.#read(data, at)
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
      refused: this.#refused ?? (this.#state.at === 'meta' && !allowed.test(this.#line) ? this.#line : null),
      needs: {
        restrict: /^\\restrict /m.test(head),
        transactionTimeout: /^SET transaction_timeout/m.test(head),
      },
    }
  }

  #format(): DumpFacts['format'] {
    if (this.#head.subarray(0, 5).toString('latin1') === 'PGDMP') return 'custom'
    return this.#head.includes('-- PostgreSQL database dump') ? 'plain' : 'unknown'
  }

  /** Rows of a COPY end with a line of `\.`; all else in them is data. */
  #skipRows(data: Buffer, from: number): number {
    const end = data.indexOf(newline, from)
    const piece = data.subarray(from, end < 0 ? data.length : end)
    if (this.#line.length < 8) this.#line += piece.subarray(0, 8).toString('latin1')
    if (end < 0) return data.length
    if (this.#line === '\\.') this.#state = { at: 'code' }
    this.#line = ''
    this.#lineStart = true
    return end + 1
  }

  /** One byte of what is not rows. */
  #read(data: Buffer, at: number): number {
    const byte = data[at] ?? 0
    const state = this.#state
    switch (state.at) {
      case 'code':
        return this.#code(byte, at)
      case 'line-comment':
        if (byte === newline) this.#endLine()
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
        // A doubled quote ends one and begins another, which comes to the same.
        if (byte === state.end && !(state.escapes && this.#previous === backslash)) {
          this.#state = { at: 'code' }
          if (state.escapes) this.#afterEscapes = 'adjacent'
        }
        // A backslash that is itself escaped escapes nothing.
        this.#previous = state.escapes && byte === backslash && this.#previous === backslash ? 0 : byte
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
          this.#endLine()
        } else if (this.#line.length < 200) this.#line += String.fromCharCode(byte)
        break
      case 'rows':
        break
    }
    this.#previous = byte
    return at + 1
  }

  #endLine(): void {
    this.#state = this.#rowsNext ? { at: 'rows' } : { at: 'code' }
    if (this.#rowsNext) this.#tables += 1
    this.#rowsNext = false
    this.#line = ''
    this.#lineStart = true
  }

  #code(byte: number, at: number): number {
    const char = String.fromCharCode(byte)
    const previous = this.#previous
    this.#previous = byte
    if (byte === newline) {
      this.#keep(' ')
      this.#endLine()
      this.#word = ''
      return at + 1
    }
    const first = this.#lineStart
    this.#lineStart = false
    const word = this.#word
    this.#word = /[A-Za-z0-9_$\u0080-\u00ff]/.test(char) ? (word + char).slice(0, longestWord) : ''
    const escaped = this.#afterEscapes
    this.#afterEscapes = escaped !== null && /\s|[-/]/.test(char) ? 'apart' : null
    if (byte === backslash) {
      // What follows a statement in its line, or stands within one, is no line of pg_dump's own.
      this.#line = first && this.#statementHead.trim() === '' ? '\\' : ' \\'
      this.#state = { at: 'meta' }
    } else if (char === "'" || char === '"') {
      // A doubled quote goes on with its string. So does one in another line, in a way that psql's versions do not agree on.
      if (char === "'" && escaped === 'apart') this.#refuse("E'...' '...'")
      const escapes = char === "'" && (escaped === 'adjacent' || /^e$/i.test(word))
      this.#state = { at: 'quoted', end: byte, escapes }
      this.#previous = 0
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
    } else if (char === ';') {
      this.#rowsNext = /^COPY\b/i.test(this.#statementHead)
      // Rows that begin where this does not see it would be read as statements, and statements as rows.
      if (this.#rowsNext && !/\sFROM\s+stdin\s*$/i.test(this.#statementTail)) this.#refuse(this.#statementHead)
      this.#statementHead = ''
      this.#statementTail = ''
    } else {
      if (this.#rowsNext && !/\s/.test(char)) this.#refuse(`COPY ...; ${char}`)
      this.#keep(char)
    }
    return at + 1
  }

  #refuse(text: string): void {
    this.#refused ??= text.trim().slice(0, 60)
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
