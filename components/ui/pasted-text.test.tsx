// What people paste in a hurry keeps its lines, on the screen and in the exported report.
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import { linesInList } from '../../lib/domain/report/markdown'
import MarkdownBody from './markdown-body'

const pasted = ['pgbouncer: 387 waiting', '- not a list', '3) nor this', 'writer: down'].join('\n')

test('lines stay lines on the screen', () => {
  const html = renderToStaticMarkup(<MarkdownBody text={'pool: full\nwriter: down\n\nanother paragraph'} />)
  expect(html).toContain('pool: full<br/>\nwriter: down</p>')
})

test('lines stay lines of one entry in the exported report, and none becomes a list or a table', () => {
  const html = renderToStaticMarkup(<MarkdownBody text={`- 03:11 (Kai) ${linesInList(pasted)}\n- 03:12 (Bo) next`} />)
  expect(html.match(/<li>/g)).toHaveLength(2)
  expect(html).toContain('pgbouncer: 387 waiting<br/>\n- not a list<br/>\n3) nor this<br/>\nwriter: down')
})

test('a table of many columns is not squeezed: it scrolls, and the keyboard reaches it', () => {
  const row = `|${Array.from({ length: 12 }, (_, i) => `column_${i}`).join('|')}|`
  const html = renderToStaticMarkup(<MarkdownBody text={`${row}\n${row.replace(/[^|]+/g, '---')}\n${row}`} />)
  expect(html).toMatch(/<section[^>]*class="overflow-x-auto"[^>]*tabindex="0"[^>]*><table>/)
})
