// The store says of a run whatever its row says. Every combination of row, approval and the runner's own configuration: it
// acts only where the stricter of the two would let it, and says why where it does not.

import { expect, test } from 'vitest'
import { environmentKinds } from '../environment'
import { type OwnPolicy, refusedByPolicy } from './own-policy'
import type { Approval, Run } from './run'

const both = [true, false] as const
const starter = { id: 's', name: 'Sam' }
const other = { id: 'o', name: 'Olu' }
type Row = Parameters<typeof refusedByPolicy>[1]
type Yes = Pick<Approval, 'kind' | 'decidedBy' | 'askedForId'> | null

function* everything(): Generator<{ own: OwnPolicy; row: Row; yes: Yes }> {
  const yeses: Yes[] = [
    null,
    { kind: 'second-person', decidedBy: other, askedForId: null },
    { kind: 'second-person', decidedBy: starter, askedForId: null },
    // Of a rollback: whoever asked for it may not approve it, and whoever started the run may.
    { kind: 'second-person', decidedBy: other, askedForId: other.id },
    { kind: 'second-person', decidedBy: starter, askedForId: other.id },
    { kind: 'break-glass', decidedBy: starter, askedForId: null },
  ]
  for (const kind of environmentKinds)
    for (const breakGlass of both)
      for (const twoPersons of both)
        for (const rowKind of environmentKinds)
          for (const rowTwo of both)
            for (const mode of ['real', 'drill'] as const)
              for (const environment of ['here', 'elsewhere'])
                for (const cluster of ['c', 'another'])
                  for (const yes of yeses)
                    yield {
                      own: { name: 'here', kind, aws: { clusterId: 'c' }, policy: { breakGlass, twoPersons } },
                      row: {
                        environment,
                        environmentKind: rowKind,
                        cluster,
                        mode,
                        twoPersons: rowTwo,
                        startedBy: starter,
                      },
                      yes,
                    }
}

test('acts only where the runner’s own configuration would let it, whatever the row says', () => {
  let let_ = 0
  for (const { own, row, yes } of everything()) {
    const two = own.kind === 'production' || own.policy.twoPersons
    const same = row.environment === own.name && row.environmentKind === own.kind && row.cluster === 'c'
    const enough = row.twoPersons || !two
    const drill = row.mode === 'drill' && own.kind === 'production'
    const glass = yes?.kind === 'break-glass' && !own.policy.breakGlass
    const alone = yes?.kind === 'second-person' && yes.decidedBy?.id === (yes.askedForId ?? 's') && two
    const may = same && enough && !drill && !glass && !alone
    const says = refusedByPolicy(own, row, yes)
    expect({ own, row, yes, may: says === null }).toEqual({ own, row, yes, may })
    if (says !== null) expect(says).toMatch(/Nothing was sent[.;]/)
    if (may) let_ += 1
  }
  expect(let_).toBeGreaterThan(20)
})

test('a stricter row than the configuration is never made milder by it', () => {
  const own: OwnPolicy = {
    name: 'here',
    kind: 'lab',
    aws: { clusterId: 'c' },
    policy: { breakGlass: true, twoPersons: false },
  }
  const row: Pick<Run, 'environment' | 'environmentKind' | 'cluster' | 'mode' | 'twoPersons' | 'startedBy'> = {
    environment: 'here',
    environmentKind: 'lab',
    cluster: 'c',
    mode: 'real',
    twoPersons: true,
    startedBy: starter,
  }
  // Whether the approval is one of another person is asked of the row elsewhere, and that remains so.
  expect(refusedByPolicy(own, row, null)).toBeNull()
})
