import type { PageView } from './incident/view'
import { durationWords } from './units'

type Level = PageView['level']

/**
 * Whom to page next: the first level while nobody was paged; the next one after the minutes of a level have passed
 * without an acknowledgement; the same at once when a page could not be sent. Null when somebody answered.
 */
export function suggestedLevel(
  matrix: readonly { level: Level; suggestNextAfterMinutes: number | null }[],
  all: readonly Pick<PageView, 'level' | 'state' | 'askedAt' | 'endedAt'>[],
  declaredAt: number,
  now: number,
): { level: Level; why: string } | null {
  // Those of before a reopening call nobody any more.
  const pages = all.filter((page) => page.endedAt === null)
  for (const [i, row] of matrix.entries()) {
    const own = pages.filter((page) => page.level === row.level)
    if (own.some((page) => page.state === 'acknowledged')) {
      if (
        matrix
          .slice(i + 1)
          .some((next) => pages.some((page) => page.level === next.level && page.state !== 'acknowledged'))
      )
        continue
      return null
    }
    const first = own.reduce<number | null>((at, page) => Math.min(at ?? page.askedAt, page.askedAt), null)
    if (first === null)
      return {
        level: row.level,
        why:
          i === 0
            ? all.length > 0
              ? 'Earlier pages were resolved. Nobody has been paged since.'
              : `Declared ${durationWords(now - declaredAt)} ago. Nobody has been paged yet.`
            : 'No earlier contact has acknowledged.',
      }
    if (own.every((page) => page.state === 'failed')) {
      const next = matrix[i + 1]
      if (!next) return { level: row.level, why: 'The page could not be sent. Call manually.' }
      if (!pages.some((page) => page.level === next.level))
        return { level: next.level, why: `The page to ${row.level} could not be sent.` }
      continue
    }
    const patience = row.suggestNextAfterMinutes
    if (patience === null || now - first < patience * 60_000) return null
    const next = matrix[i + 1]
    if (next && !pages.some((page) => page.level === next.level))
      return { level: next.level, why: `${row.level} has not acknowledged for ${durationWords(now - first)}.` }
  }
  return null
}
