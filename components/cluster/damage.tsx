'use client'

import { useState } from 'react'
import { type DamageFinding, type DamageKind, damageConfirmedAt, damageScenario } from '../../lib/domain/cluster/damage'
import type { Right } from '../../lib/domain/right'
import { utcWords } from '../../lib/domain/units'
import type { DismissDamage } from '../../lib/web/present/actions'
import { formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { ReasonForm } from '../ui/reason-form'
import { Refusal } from '../ui/refusal'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'

const titles: Record<DamageKind, string> = { corruption: 'Data corruption', deletion: 'Data deleted' }

/** Findings of damage to the data, each until a person dismisses it with a reason; nothing while there are none. */
export function Damage({
  findings,
  dismiss,
}: {
  findings: readonly DamageFinding[]
  /** What dismisses one, and whether this person may. */
  dismiss: { act: DismissDamage; right: Right }
}) {
  return findings.length === 0 ? null : (
    <div id="damage">
      {findings.map((finding) => (
        <Finding key={`${finding.kind} ${finding.foundAt}`} finding={finding} dismiss={dismiss} />
      ))}
    </div>
  )
}

function Finding({
  finding,
  dismiss: { act, right },
}: {
  finding: DamageFinding
  dismiss: { act: DismissDamage; right: Right }
}) {
  const { kind, foundAt, confidence, lastGoodAt, firstBadAt, signs } = finding
  const [asking, setAsking] = useState(false)
  const [dismissed, setDismissed] = useState(false)
  const { run, busy, error } = useAction(act)
  const confirmed = confidence >= damageConfirmedAt
  return (
    <Panel
      title={`${titles[kind]} (${damageScenario[kind]})`}
      className="mt-3"
      aside={<StateWord state="problem" word={confirmed ? 'CONFIRMED' : 'SUSPECTED'} />}
    >
      <div className="flex flex-col gap-3 px-4 pb-4">
        <dl className="flex flex-wrap gap-x-8 gap-y-2">
          <Moment title="Last known good" at={lastGoodAt} />
          <Moment title="First known bad" at={firstBadAt} />
          <Moment title="Recognised" at={foundAt} />
          <div>
            <dt className="text-12 text-text-3">Confidence</dt>
            <dd className="num">{confidence.toFixed(2)}</dd>
          </div>
        </dl>
        <ul className="flex flex-col gap-1 text-text-2">
          {signs.map(({ rule, subject, says }) => (
            <li key={`${rule} ${subject}`}>{says}</li>
          ))}
        </ul>
        <p className="text-12 text-text-3">
          A failover is blocked until this finding is dismissed or overridden with a reason.
        </p>
        <Refusal why={error} />
        {dismissed ? (
          <p role="status">Dismissed. The finding disappears with the next sample.</p>
        ) : asking ? (
          <ReasonForm
            label="Why is this no damage? Your name and the reason are recorded."
            go="Dismiss the finding"
            danger
            busy={busy}
            onGo={async (reason) => {
              if (await run({ kind, foundAt, reason })) setDismissed(true)
            }}
            onBack={() => setAsking(false)}
          />
        ) : (
          <div className="flex flex-wrap items-center gap-3">
            <Button size="s" disabled={!right.allowed} onClick={() => setAsking(true)}>
              Dismiss with a reason
            </Button>
            {right.why !== null && <span className="text-12 text-text-3">{right.why}</span>}
          </div>
        )}
      </div>
    </Panel>
  )
}

function Moment({ title, at }: { title: string; at: number | null }) {
  return (
    <div>
      <dt className="text-12 text-text-3">{title}</dt>
      <dd className="num" title={at === null ? undefined : utcWords(at)}>
        {at === null ? 'unknown' : formatTimeOfDay(at)}
      </dd>
    </div>
  )
}
