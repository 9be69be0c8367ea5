/**
 * What waits for people is one tap away on every screen: the strip leads to the approval itself, also where no incident is open;
 * and while an incident is open the Situation page has one primary action, which names it.
 */
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { renderToStaticMarkup } from 'react-dom/server'
import { describe, expect, it, vi } from 'vitest'
import { allowed, notAllowed } from '../../lib/domain/right'
import type { RunRights } from '../../lib/domain/run/view'
import { runThatWaits, waitingFor } from '../../lib/domain/run/waiting-for'
import { incidentQuery, openIncidentsQuery } from '../../lib/queries/incident'
import { activeRunsQuery } from '../../lib/queries/run'
import { SituationAction } from './situation-action'
import { IncidentStrip } from './strip'

vi.mock('next/navigation', () => ({ usePathname: () => '/' }))

const incident = { number: 3, title: 'Writes fail', kind: 'real', severity: 'SEV1', status: 'triage', declaredAt: 1 }
const drawn = (part: ReactNode, open: object[], runs: object[], mayApprove = true): string => {
  const client = new QueryClient()
  client.setQueryData(openIncidentsQuery.queryKey, { items: open } as never)
  client.setQueryData(activeRunsQuery.queryKey, { runs } as never)
  client.setQueryData(incidentQuery(3).queryKey, undefined)
  client.setQueryData(['run', 'r1'], { run: { version: 1 }, rights: rights(mayApprove) })
  return renderToStaticMarkup(<QueryClientProvider client={client}>{part}</QueryClientProvider>)
}
const rights = (mayApprove: boolean) =>
  new Proxy({} as RunRights, {
    get: (_of, act) => (act === 'approve' && mayApprove ? allowed : notAllowed('Not yours.')),
  })
const asking = { id: 'r1', title: 'Primary failover', state: 'waiting', incidentNumber: 3 }

describe('the strip', () => {
  it('leads to the approval itself and says whether it waits for the viewer', () => {
    const mine = drawn(<IncidentStrip />, [incident], [asking])
    expect(mine).toContain('href="/runs/r1#approval"')
    expect(mine).toContain('WAITING for your approval')
    expect(mine).toContain('href="/incidents/3"')
    expect(drawn(<IncidentStrip />, [incident], [asking], false)).toContain('WAITING for an approver')
  })
  it('is there for a run that waits without an incident, and for nothing else', () => {
    const alone = drawn(<IncidentStrip />, [], [{ ...asking, incidentNumber: null }])
    expect(alone).toContain('href="/runs/r1#approval"')
    expect(alone).toContain('Primary failover')
    expect(drawn(<IncidentStrip />, [], [{ ...asking, state: 'running' }])).toBe('')
  })
})

describe('the action of the Situation page', () => {
  const action = <SituationAction declare={async () => ({ ok: true, value: { number: 1 } }) as never} />
  const primary = /data-look="(go|danger)"/g
  it('is one, and names the open incident', () => {
    const open = drawn(action, [incident], [])
    expect(open).toContain('INC-3')
    expect(open).toContain('href="/incidents/3"')
    expect(open).not.toContain('Declare')
    expect(open.match(primary)).toHaveLength(1)
    const asked = drawn(action, [incident], [asking])
    expect(asked).toContain('INC-3: Review the approval')
    expect(asked).toContain('href="/runs/r1#approval"')
    expect(asked.match(primary)).toHaveLength(1)
  })
  it('is to declare while none is open', () => {
    expect(drawn(action, [], [])).toContain('Declare incident')
  })
})

describe('of several runs', () => {
  it('the one of the incident comes first, then the one that asks for an approval', () => {
    const run = (id: string, state: 'waiting' | 'needs-person' | 'running', incidentNumber: number | null) => ({
      id,
      state,
      incidentNumber,
    })
    const first = (...runs: ReturnType<typeof run>[]) => runThatWaits(runs, 3)?.id
    expect(first(run('a', 'waiting', null), run('b', 'needs-person', 3))).toBe('b')
    expect(first(run('a', 'needs-person', 3), run('b', 'waiting', 3))).toBe('b')
    expect(first(run('a', 'running', 3))).toBeUndefined()
  })
  it('one that needs a decision leads to its page', () => {
    expect(waitingFor({ id: 'a', title: 'A', state: 'needs-person' }, null)).toMatchObject({
      href: '/runs/a',
      word: 'WAITING for a decision',
    })
  })
})
