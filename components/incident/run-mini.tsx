'use client'

import Link from 'next/link'
import type { RunSummary } from '../../lib/domain/incident/view'
import { useRun } from '../../lib/queries/run'
import { formatClock } from '../../lib/web/present/format'
import { presentRun, presentStep } from '../../lib/web/present/run'
import { Since } from '../ui/age'
import { StateWord } from '../ui/state'

export function RunMini({ run }: { run: RunSummary }) {
  const { data } = useRun(run.id)
  const look = presentRun(run.state, run.mode)
  const step = data?.run.steps.find((candidate) => candidate.id === data.run.currentStepId) ?? null
  const waiting = run.state === 'waiting' || run.state === 'needs-person'
  const approval = data?.run.approval?.state === 'open' ? data.run.approval : null
  const since = approval?.requestedAt ?? step?.startedAt ?? null
  return (
    <section
      className="panel px-4 pb-3.5"
      aria-label="Active run"
      style={waiting ? { borderColor: 'var(--state-waiting-edge)' } : undefined}
    >
      <div className="flex min-h-10 items-center gap-2">
        <h2 className="min-w-0 truncate font-[550] text-13">{run.title}</h2>
        <span className="grow" />
        {run.step && (
          <span className="whitespace-nowrap text-12 text-text-3">
            step <span className="num text-text-1">{run.step.number}</span> of{' '}
            <span className="num text-text-1">{run.step.of}</span>
          </span>
        )}
      </div>
      <div className="run-bar" aria-hidden>
        {data
          ? data.run.steps.map((candidate) => {
              const seen = presentStep(candidate.state)
              return (
                <i
                  key={candidate.id}
                  className={seen ? `st-${seen.state}` : undefined}
                  data-set={!!seen || undefined}
                />
              )
            })
          : Array.from({ length: run.step?.of ?? 8 }, (_, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: placeholders are their place
              <i key={i} />
            ))}
      </div>
      <div className="flex min-w-0 items-center gap-2">
        <StateWord state={look.state} word={look.word} look="chip" />
        {since !== null && run.finishedAt === null && (
          <span className="num text-12 text-text-2">
            <Since at={since} format={formatClock} />
          </span>
        )}
        <span className="min-w-0 flex-1 truncate text-12 text-text-3" title={run.sentence}>
          {run.step ? [run.step.title, ...run.step.besides].join(', ') : run.sentence}
        </span>
        <Link href={`/runs/${run.id}`} className="btn" data-size="s" data-look={waiting ? 'go' : undefined}>
          Open run
        </Link>
      </div>
    </section>
  )
}
