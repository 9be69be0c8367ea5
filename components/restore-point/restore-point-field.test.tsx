import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, test } from 'vitest'
import type { RestorePointView } from '../../lib/domain/restore-point/marks'
import { restorePointQuery } from '../../lib/queries/restore-point'
import { fieldProblem, InputField } from '../procedure/input-field'

const at = (text: string) => Date.parse(`2026-09-08T${text}Z`)
const view: RestorePointView = {
  at: at('21:21:30'),
  zone: 'America/Los_Angeles',
  window: {
    known: true,
    earliestAt: at('01:00:00'),
    earliestSaid: true,
    latestAt: at('21:16:58'),
    retentionDays: 1,
    observedAt: null,
  },
  damage: { lastGoodAt: at('21:02:07.400'), firstBadAt: at('21:02:11.482') },
  about: [
    { lastGoodAt: at('21:02:07.400'), firstBadAt: at('21:02:11.482'), says: 'The critical table users was dropped.' },
  ],
  others: [],
  lastHeartbeatAt: at('21:21:30'),
  marks: [
    { kind: 'deployment', at: at('21:01:44'), until: null, text: 'api: revision 12, api:2.31.0' },
    { kind: 'last-good', at: at('21:02:07.400'), until: null, text: 'Last known good' },
    { kind: 'first-bad', at: at('21:02:11.482'), until: null, text: 'First known bad' },
    { kind: 'heartbeat-gap', at: at('21:02:20'), until: at('21:03:20'), text: 'Heartbeats failed' },
  ],
  leftOut: 0,
  notObserved: ['Schema changes (DDL) are not observed.'],
}
const field = { name: 'at', label: 'Restore point', help: 'The copy holds the data of this moment.', default: '' }

/** What stands in the first HTML, before any script runs. */
function seen(value: string, facts: RestorePointView | null = view): string {
  const client = new QueryClient()
  if (facts) client.setQueryData(restorePointQuery(null).queryKey, facts)
  const all = { ...field, type: 'restore-point' as const }
  const problem = fieldProblem(all, value, facts)
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <InputField id="f" field={all} value={value} errors={problem ? [problem] : []} onChange={() => {}} />
    </QueryClientProvider>,
  )
}

test('the first HTML has the point in local time and UTC, both bounds, the loss and the events', () => {
  const html = seen('2026-09-08T21:02:10Z')
  for (const words of [
    'value="2026-09-08 14:02:10"',
    'value="2026-09-08T21:02:10Z"',
    'Local (UTC-7)',
    '2026-09-07 18:00:01 UTC-7',
    '2026-09-08 01:00:01 UTC',
    '2026-09-08 14:16:58 UTC-7',
    '19 min',
    'api: revision 12, api:2.31.0',
    'aria-label="Choose 1 s before: First known bad"',
    'aria-label="Choose this point: Last known good"',
    'The damage happened between 2026-09-08 21:02:07.400 UTC and 2026-09-08 21:02:11.482 UTC.',
    'Schema changes (DDL) are not observed.',
  ])
    expect(html).toContain(words)
  expect(html).toMatch(/role="slider"[^>]*aria-valuetext="2026-09-08 14:02:10 UTC-7, that is 2026-09-08 21:02:10 UTC"/)
  expect(html).not.toContain('aria-invalid')
})

test('a point after the damage is an error at the field, with both bounds', () => {
  const html = seen('2026-09-08T21:02:30Z')
  expect(html).toMatch(/<fieldset[^>]*aria-invalid="true" aria-describedby="f-help f-error"/)
  expect(html).toContain('Choose a time from 2026-09-08 01:00:01 UTC to 2026-09-08 21:02:10 UTC.')
  expect(html).toContain('Unknown: no point that can be restored to is chosen.')
})

test('the suggested point is before the damage of this incident, says why, and names other damage that the copy would contain', () => {
  const earlier = { lastGoodAt: at('20:00:00'), firstBadAt: at('20:00:10'), says: 'Rows of castings were deleted.' }
  const html = seen('', { ...view, others: [earlier] })
  expect(html).toContain(
    'Suggested: <span class="num">2026-09-08 14:02:07 UTC-7</span>. The data was last known to be good',
  )
  expect(html).toContain('The critical table users was dropped.')
  expect(html).toContain('Use this point')
  const chosen = seen('2026-09-08T21:02:07Z', { ...view, others: [earlier] })
  expect(chosen).toContain('which is chosen')
  expect(chosen).not.toContain('Use this point')
  expect(chosen).toContain(
    'The copy will contain other damage, first seen at 2026-09-08 20:00:10 UTC: Rows of castings were deleted.',
  )
  expect(seen('2026-09-08T19:59:00Z', { ...view, others: [earlier] })).not.toContain('other damage')
})

test('no point, and a time without an offset, are refused before anything is read', () => {
  for (const value of ['', '2026-09-08T21:02:10']) {
    expect(seen(value)).toContain('Choose a restore point.')
    expect(fieldProblem({ ...field, type: 'restore-point' }, value)).toBe('Choose a restore point.')
  }
  expect(seen('')).toContain('Suggested: ')
})

test('the latest restorable time is a point too, as long as the damage is not in it', () => {
  const undamaged = { ...view, damage: { lastGoodAt: null, firstBadAt: null } }
  const html = seen('latest', undamaged)
  expect(html).toMatch(/type="checkbox" checked=""/)
  expect(html).toContain('value="2026-09-08T21:16:58Z"')
  expect(html).not.toContain('aria-invalid')
  expect(seen('latest')).toContain('is not before the damage')
  expect(seen('2026-09-08T21:02:10Z')).toMatch(/type="checkbox"\/>/)
  expect(seen('2026-09-08T21:02:10Z')).not.toMatch(/type="checkbox" checked=""/)
})

test('an unknown window says why, and no point in it can be chosen', () => {
  const unknown = { ...view, window: { known: false as const, why: 'Automated backups are turned off.' }, marks: [] }
  const html = seen('2026-09-08T21:02:10Z', unknown)
  expect(html).toContain('The restore window is unknown: Automated backups are turned off.')
  expect(html).not.toContain('role="slider"')
  expect(html).toContain('aria-invalid')
  expect(seen('', null)).toContain('Reading the restore window.')
})
