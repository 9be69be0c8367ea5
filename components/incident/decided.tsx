'use client'

import Link from 'next/link'
import type { DecisionOption, IncidentView } from '../../lib/domain/incident/view'
import { durationWords, utcTimeOfDay } from '../../lib/domain/units'
import { procedureHref } from '../../lib/web/present/incident'
import { Since } from '../ui/age'
import { Button } from '../ui/button'

/** Who decided for which way out, when and why, and the form that starts it. */
export function DecidedWay({
  incident: { decided, sheet, number, rights },
  onChange,
}: {
  incident: Pick<IncidentView, 'decided' | 'sheet' | 'number' | 'rights'>
  onChange: (() => void) | null
}) {
  if (!decided) return null
  const option = sheet.options.find(({ id }) => id === decided.option)
  const href = option && decidedHref(option, number, decided.reason)
  return (
    <section
      aria-label="Decision"
      className="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-lg border border-accent bg-surface-1 p-4"
    >
      <div className="min-w-0 grow basis-72">
        <p className="label">
          Decided by {decided.by.name} at {utcTimeOfDay(decided.at)},{' '}
          <Since at={decided.at} format={(ms) => `${durationWords(ms)} ago`} />
        </p>
        <h2 className="font-[650] text-16">{decided.title}</h2>
        <p className="break-words text-13 text-text-2">{decided.reason}</p>
      </div>
      <div className="flex flex-wrap gap-2">
        {onChange && (
          <Button disabled={!rights.decide.allowed} title={rights.decide.why ?? undefined} onClick={onChange}>
            Decide again
          </Button>
        )}
        {option && href && (
          <Link href={href} className="btn" data-look="go">
            Open {option.key} {option.shortTitle}
          </Link>
        )}
      </div>
    </section>
  )
}

/** The form of the chosen way, with the reason that was recorded. */
function decidedHref(option: DecisionOption, number: number, reason: string): string | null {
  const href = procedureHref(option, number)
  return href && `${href}&${new URLSearchParams({ reason })}`
}

/** The same in a line, for the compact sheet. */
export const DecidedLine = ({
  incident: { decided, number },
}: {
  incident: Pick<IncidentView, 'decided' | 'number'>
}) =>
  decided && (
    <p className="border-line-1 border-b px-4 pb-2 text-12">
      <Link href={`/incidents/${number}/decision`} className="text-text-1 hover:underline">
        <span className="font-[550]">Decided: {decided.title}</span>
      </Link>{' '}
      <span className="text-text-2">
        by {decided.by.name}, <Since at={decided.at} format={(ms) => `${durationWords(ms)} ago`} />
      </span>
    </p>
  )
