'use client'

import { ArrowRight } from 'lucide-react'
import Link from 'next/link'
import { optionFor } from '../../lib/domain/incident/decision'
import type { IncidentView } from '../../lib/domain/incident/view'
import { waitingFor } from '../../lib/domain/run/waiting-for'
import type { IncidentActions } from '../../lib/web/present/actions'
import { procedureHref } from '../../lib/web/present/incident'
import { Button } from '../ui/button'
import { Refusal } from '../ui/refusal'
import { useAction } from '../ui/use-action'

/** What to do next, and where one is on the way. It leads; it never blocks an expert. */
export function NextStep({
  incident,
  actions,
  onDone,
}: {
  incident: IncidentView
  actions: Pick<IncidentActions, 'takeRole' | 'move'>
  onDone: () => void
}) {
  const { next, path, number, version } = incident
  const take = useAction(actions.takeRole)
  const move = useAction(actions.move)
  const option = optionFor(incident.sheet.options, next.procedure ?? null)
  const stands = incident.runs.find((run) => run.state === 'waiting' || run.state === 'needs-person')
  const going = incident.runs.find((run) => run.finishedAt === null)
  const href =
    (next.key === 'procedure' || next.key === 'approve') && (stands ?? going)
      ? ((stands && waitingFor(stands, null)?.href) ?? `/runs/${going?.id}`)
      : next.key === 'procedure' && option?.slug
        ? procedureHref(option, number)
        : next.key === 'report' || next.key === 'done'
          ? `/incidents/${number}/report`
          : next.key === 'checklist'
            ? '#checklist'
            : null
  const seat = incident.roles.find(({ role }) => role === 'commander')
  const resolve = incident.moves.find((candidate) => candidate.move === 'resolve')
  const onward = incident.moves.find((candidate) => candidate.move !== 'merge')
  const done = async (acted: Promise<boolean>) => {
    if (await acted) onDone()
  }
  const error = take.error ?? move.error
  if (incident.status === 'merged') return <LedElsewhere into={incident.mergedInto} />
  return (
    <section id="next-step" className="panel next-step" aria-label="What to do next">
      <div className="flex items-center gap-3">
        <div className="min-w-0 flex-1" aria-live="polite">
          <span className="label">Next</span>
          <p className="font-[550] text-14">{next.title}</p>
          <p className="text-12 text-text-2">{next.why}</p>
          <Refusal why={error} />
        </div>
        {href && (
          <Link href={href} className="btn" data-look="go" data-size="s">
            Go <ArrowRight aria-hidden />
          </Link>
        )}
        {next.key === 'roles' && seat && (
          <Button
            size="s"
            look="go"
            disabled={take.busy || !seat.take.allowed}
            title={seat.take.why ?? undefined}
            onClick={() => done(take.run({ number, role: 'commander' }))}
          >
            I command
          </Button>
        )}
        {next.key === 'resolve' && (resolve ?? onward) && (
          <Button
            size="s"
            look="go"
            disabled={move.busy || !(resolve ?? onward)?.right.allowed}
            title={(resolve ?? onward)?.right.why ?? undefined}
            onClick={() => {
              const chosen = resolve ?? onward
              if (chosen) void done(move.run({ number, version, move: chosen.move, into: null }))
            }}
          >
            {(resolve ?? onward)?.button}
          </Button>
        )}
      </div>
      <ol className="path" aria-label="All steps">
        {path.map((step) => (
          <li
            key={step.key}
            data-state={step.state}
            title={step.title}
            aria-current={step.state === 'now' ? 'step' : undefined}
          >
            <span className="sr-only">
              {step.title}, {step.state}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function LedElsewhere({ into }: { into: number | null }) {
  return (
    <section id="next-step" className="panel next-step" aria-label="What to do next">
      <div className="flex items-center gap-3">
        <div className="min-w-0 flex-1">
          <span className="label">Next</span>
          <p className="font-[550] text-14">This incident was merged into INC-{into}</p>
          <p className="text-12 text-text-2">Actions and notes there count for both.</p>
        </div>
        <Link href={`/incidents/${into}`} className="btn" data-look="go" data-size="s">
          Go <ArrowRight aria-hidden />
        </Link>
      </div>
    </section>
  )
}
