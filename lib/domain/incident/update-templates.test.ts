/** What people outside read must be so at that moment: drafts are made from the state of the run, and each sentence has its source. */
import { describe, expect, it } from 'vitest'
import { runStates } from '../run/states'
import { incidentStatuses } from './status'
import { type UpdateFacts, updateTemplates } from './update-templates'

const t0 = Date.UTC(2026, 5, 10, 3)
const min = 60_000
const rto: UpdateFacts['clocks']['rto'] = {
  targetMs: 60 * min,
  maximumMs: 240 * min,
  elapsedMs: 12 * min,
  verdict: 'open',
  projected: null,
  notProjected: null,
}
const rpo = {
  state: 'live',
  atMostMs: 22_000,
  says: 'If replica-2 takes over now.',
} as UpdateFacts['clocks']['rpo']
const drafts = ({ clocks, incident, ...more }: Partial<UpdateFacts> = {}) =>
  updateTemplates({
    incident: { number: 3, title: 'Writes fail', severity: 'SEV1', status: 'mitigating', ...incident },
    clocks: { impactStartedAt: t0, restoredAt: null, now: t0 + 12 * min, rto, rpo, ...clocks },
    run: null,
    recoveredAt: null,
    nextInMinutes: 15,
    ...more,
  })
const first = (of: ReturnType<typeof drafts>, audience: 'internal' | 'status-page') =>
  of.find((draft) => draft.audience === audience)?.text ?? ''
const run = (state: (typeof runStates)[number]) => ({
  title: 'Primary failover',
  state,
  step: { number: 5, of: 8, title: 'Fail over' },
})

describe('the draft of an update', () => {
  it('says what is so before, during and right after the recovery', () => {
    const before = drafts({ incident: { number: 3, title: 'Writes fail', severity: 'SEV1', status: 'triage' } })
    expect(first(before, 'internal')).toContain('The cause is being investigated.')
    expect(first(before, 'internal')).toContain('Failing over now would lose at most 22 s of writes.')
    expect(first(before, 'status-page')).toContain('have been unavailable since 03:00 UTC')
    const acting = drafts({ run: run('running') })
    expect(first(acting, 'internal')).toContain('Primary failover is under way (Fail over).')
    expect(first(acting, 'internal')).not.toContain('Failing over now')
    expect(first(acting, 'status-page')).toContain('We are restoring the database.')
    const restored = drafts({
      run: run('running'),
      recoveredAt: t0 + 12 * min,
      clocks: {
        impactStartedAt: t0,
        restoredAt: t0 + 12 * min,
        now: t0 + 13 * min,
        rto,
        rpo: { ...rpo, state: 'fixed', atMostMs: 0, says: 'No heartbeat is lost.' },
      },
    })
    expect(first(restored, 'internal')).toBe(
      'INC-3 SEV1, mitigating: Writes fail. The outage lasted 12 min. Primary failover continues with its remaining steps. No heartbeat is lost. Next update in 15 min.',
    )
    expect(first(restored, 'status-page')).toBe(
      'CastMatch is available again since 03:12 UTC. We are monitoring it and will report what happened.',
    )
    expect(restored.map(({ key }) => key)).toEqual(['internal-progress', 'public-over'])
  })

  it('never calls restored what is not, nor unavailable what is restored', () => {
    for (const state of runStates) {
      const open = drafts({ run: run(state) })
      expect(open.map(({ text }) => text).join()).not.toMatch(/available again|outage lasted/)
      const over = drafts({ run: run(state), recoveredAt: t0 + 10 * min })
      expect(over.map(({ text }) => text).join()).not.toMatch(/unavailable|We are restoring|being investigated/)
    }
  })

  it('has a source for each sentence, and is made of its sentences', () => {
    for (const status of incidentStatuses)
      for (const state of runStates)
        for (const recoveredAt of [null, t0 + 10 * min])
          for (const draft of drafts({
            incident: { number: 3, title: 'T', severity: 'SEV1', status },
            run: run(state),
            recoveredAt,
          })) {
            expect(draft.sentences.every(({ source }) => source.length > 0)).toBe(true)
            expect(draft.text).toBe(draft.sentences.map(({ text }) => text).join(' '))
          }
  })
})
