import { cutText } from '../../../domain/text'
import { StatementError } from '../../../ports/dump-target'

/** Classes whose messages name objects, rights and resources, and never a value of a row (PostgreSQL manual, appendix A). */
const namesOnly = /^(0A|25|28|2B|3D|3F|42|53|54|55|57|58)/

/** Messages of a program that does not tell the SQLSTATE. */
const known: [RegExp, string][] = [
  [/No space left on device|could not extend file|disk full/i, '53100'],
  [/role ".*" does not exist/i, '42704'],
  [/permission denied|must be (owner|superuser|member|able)/i, '42501'],
  [/extension ".*" is not available/i, '0A000'],
  [/unrecognized configuration parameter/i, '42704'],
]

const meaning: Record<string, string> = {
  '53100': 'The disk of the server is full',
  '42704': 'Something that the dump needs does not exist',
  '42501': 'The role may not do what the dump needs',
  '0A000': 'The server does not support something that the dump needs',
}

/** What the server said, without values of rows. */
export function refusedBy(sqlState: string | null, message: string): StatementError {
  const line = message.split('\n')[0]?.trim() ?? ''
  const code = sqlState ?? known.find(([text]) => text.test(line))?.[1] ?? null
  const named = code !== null && namesOnly.test(code) && line !== '' ? cutText(line, 200) : null
  const says = (code && meaning[code]) ?? 'The server refused a statement of the dump'
  return new StatementError(code, `${says}${named ? `: ${named}` : ''}${code ? ` (SQLSTATE ${code})` : ''}.`)
}
