'use client'

import { ArrowRight } from 'lucide-react'
import Link from 'next/link'
import type { IncidentView } from '../../lib/domain/incident/view'

/** What to do next, and where one is on the way. It leads; it never blocks an expert. */
export function NextStep({ incident }: { incident: IncidentView }) {
  const { next, path } = incident
  const option = incident.sheet.options.find((candidate) => candidate.key === next.procedure)
  const waiting = incident.runs.find((run) => run.state === 'waiting')
  const href =
    next.key === 'procedure' && option?.slug
      ? `/procedures/${option.slug}?incident=${incident.number}`
      : next.key === 'approve' && waiting
        ? `/runs/${waiting.id}`
        : next.key === 'report' || next.key === 'done'
          ? `/incidents/${incident.number}/report`
          : next.key === 'checklist'
            ? '#checklist'
            : null
  return (
    <section className="panel next-step" aria-label="What to do next">
      <div className="flex items-center gap-3">
        <div className="min-w-0 flex-1">
          <span className="label">Next</span>
          <p className="font-[550] text-14">{next.title}</p>
          <p className="text-12 text-text-2">{next.why}</p>
        </div>
        {href && (
          <Link href={href} className="btn" data-look="go" data-size="s">
            Go <ArrowRight aria-hidden />
          </Link>
        )}
      </div>
      <ol className="path" aria-label="The whole way">
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
