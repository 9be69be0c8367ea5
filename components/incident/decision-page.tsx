'use client'

import Link from 'next/link'
import { useState } from 'react'
import { incidentLabel } from '../../lib/domain/incident/labels'
import type { ClocksView, DecisionOption, IncidentView } from '../../lib/domain/incident/view'
import { durationWords, utcTimeOfDay } from '../../lib/domain/units'
import { useIncident, useRefresh } from '../../lib/queries/incident'
import { useChecked } from '../../lib/queries/prerequisites'
import type { DecideWay } from '../../lib/web/present/actions'
import { dash, formatClock } from '../../lib/web/present/format'
import { presentFit, presentPrerequisites, procedureHref } from '../../lib/web/present/incident'
import { Age } from '../ui/age'
import { Button } from '../ui/button'
import { StateWord } from '../ui/state'
import { ChooseWay } from './choose-way'
import { DecidedWay } from './decided'
import { LossBar, TimeBar } from './decision-bars'
import { useElapsedMs } from './elapsed'
import { formatSpan } from './span'
import { isWayOut, optionName } from './way-out'

const columns =
  'gap-x-5 lg:grid-cols-[minmax(180px,1.1fr)_minmax(150px,1fr)_minmax(150px,1fr)_minmax(180px,1.1fr)_minmax(120px,0.8fr)_84px]'
const places: readonly DecisionOption['fits'][] = ['recommended', 'possible', 'unavailable', 'unfit', 'not-for-this']
/** What can be done stands first, and doing nothing last. */
const placeOf = ({ key, fits }: DecisionOption): number => (key === 'nothing' ? places.length : places.indexOf(fits))

/** The decision sheet at full size: for each option time, loss, prerequisites and approvals, and why it cannot run. */
export function DecisionPage({ first, decide }: { first: IncidentView; decide: DecideWay }) {
  const incident = useIncident(first.number).data ?? first
  const { sheet, clocks, number, rights } = incident
  const refresh = useRefresh(number)
  const [chosen, setChosen] = useState<string | null>(null)
  const checked = useChecked(sheet.options.filter(isWayOut))
  const options = sheet.options.map((option) => ({
    ...option,
    prerequisites: checked.get(option.id) ?? option.prerequisites,
  }))
  const best = options.find(({ fits }) => fits === 'recommended')
  const sorted = options.toSorted((a, b) => placeOf(a) - placeOf(b))
  return (
    <div className="mx-auto flex w-full max-w-[1360px] flex-col gap-3 p-4">
      <header className="flex flex-wrap items-baseline gap-x-3 gap-y-1">
        <h1 className="font-[650] text-20">Decision sheet</h1>
        <p className="text-13 text-text-2">
          <Link href={`/incidents/${number}`} className="text-accent">
            {incidentLabel(number)}
          </Link>{' '}
          {incident.title}
        </p>
        <span className="text-13 text-text-3">Scenario {incident.scenario}</span>
        <Age at={sheet.observedAt} everyMs={1000} />
        <span className="grow" />
        <Button
          size="s"
          disabled={!rights.decide.allowed}
          title={rights.decide.why ?? undefined}
          onClick={() => setChosen('')}
        >
          Record decision
        </Button>
        {!rights.decide.allowed && <span className="text-12 text-text-3">{rights.decide.why}</span>}
      </header>
      <DecidedWay incident={incident} onChange={() => setChosen(incident.decided?.option ?? '')} />
      {incident.deciding ? (
        <Best option={best} incident={incident} />
      ) : (
        <p className="text-13 text-text-2">
          The service is restored or the incident is resolved. No procedure is recommended.
        </p>
      )}
      <section className="panel" aria-label="Options">
        <div className={`label hidden px-4 pt-3 lg:grid ${columns}`} aria-hidden>
          <span>Procedure</span>
          <span>
            Time to recovery, RTO {formatSpan(clocks.rto.targetMs)}, maximum {formatSpan(clocks.rto.maximumMs)}
          </span>
          <span>
            Loss, RPO {formatSpan(clocks.rpo.targetMs)}, maximum {formatSpan(clocks.rpo.maximumMs)}
          </span>
          <span>Prerequisites</span>
          <span>Approvals</span>
        </div>
        <ul>
          {sorted.map((option) => (
            <Row
              key={option.id}
              option={option}
              clocks={clocks}
              number={number}
              decided={incident.decided?.option === option.id}
              onChoose={rights.decide.allowed ? () => setChosen(option.id) : null}
            />
          ))}
        </ul>
      </section>
      <ChooseWay
        incident={incident}
        chosen={chosen}
        decide={decide}
        onChoose={setChosen}
        onClose={() => setChosen(null)}
        onDone={() => {
          setChosen(null)
          refresh()
        }}
      />
    </div>
  )
}

/** Until when a start still keeps the RTO in the best case. */
function startBefore({ estimate }: DecisionOption, { impactStartedAt, rto, now }: ClocksView): string {
  if (!estimate) return ''
  const by = impactStartedAt + rto.targetMs - estimate.lowSeconds * 1000
  const target = formatSpan(rto.targetMs)
  return by > now
    ? `Start before ${utcTimeOfDay(by)} to stay within the RTO of ${target} in the best case.`
    : `The RTO of ${target} cannot be met any more, even in the best case.`
}

function Best({ option, incident }: { option: DecisionOption | undefined; incident: IncidentView }) {
  const { clocks, number } = incident
  const elapsed = useElapsedMs(clocks)
  const left = clocks.rto.targetMs - elapsed
  const href = option && procedureHref(option, number)
  return (
    <section
      aria-label="Recommendation"
      className="grid gap-4 rounded-lg border-2 border-accent bg-accent-tint p-4 md:grid-cols-[minmax(0,1fr)_auto]"
    >
      <div className="min-w-0">
        {option ? (
          <>
            <StateWord state="ok" word="RECOMMENDED" />
            <h2 className="mt-1 font-[650] text-16">
              {option.key} {option.title}
            </h2>
            <p className="mt-1 text-13 text-text-2">{option.fitsWhy}</p>
            <p className="text-13 text-text-2">{option.loss.says}</p>
            <p className="text-13 text-text-2">{startBefore(option, clocks)}</p>
          </>
        ) : (
          <>
            <StateWord state="unknown" word="NO RECOMMENDATION" />
            <h2 className="mt-1 font-[650] text-16">No procedure can be recommended now.</h2>
            <p className="mt-1 text-13 text-text-2">Each option below says why.</p>
          </>
        )}
      </div>
      <div className="flex flex-col gap-1 md:min-w-52">
        <span className="label">Elapsed since impact</span>
        <span className="num font-[650] text-20">{formatClock(elapsed)}</span>
        <span className="text-12 text-text-2">
          {left >= 0 ? `RTO left ${formatClock(left)}` : `RTO exceeded by ${formatClock(-left)}`}
        </span>
        {option && href && incident.decided === null && (
          <Link href={href} className="btn mt-1" data-look="go">
            Open {option.key} {option.shortTitle}
          </Link>
        )}
      </div>
    </section>
  )
}

function Row({
  option,
  clocks,
  number,
  decided,
  onChoose,
}: {
  option: DecisionOption
  clocks: ClocksView
  number: number
  decided: boolean
  onChoose: (() => void) | null
}) {
  const look = presentFit(option)
  const checked = presentPrerequisites(option.prerequisites)
  const { doneAfterMs: done, loss, approvals } = option
  const href = procedureHref(option, number)
  const name = optionName(option)
  const { rto, rpo } = clocks
  return (
    <li
      data-option={option.id}
      data-recommended={option.fits === 'recommended' || undefined}
      className={`grid gap-y-3 border-line-1 border-t p-4 first:border-t-0 data-recommended:bg-accent-tint md:grid-cols-2 ${columns}`}
    >
      <div className="min-w-0">
        <h3 className="font-[600] text-14">{name}</h3>
        <p className="flex flex-wrap gap-x-3">
          <StateWord state={look.state} word={look.word} />
          {decided && <StateWord state="ok" word="DECIDED" />}
        </p>
        <p className="mt-1 text-12 text-text-2">{option.purpose || option.title}</p>
        {option.fits !== 'recommended' && option.fitsWhy !== option.purpose && (
          <p className="text-12 text-text-2">{option.fitsWhy}</p>
        )}
      </div>
      <div className="min-w-0">
        <span className="label lg:sr-only">
          Time to recovery, RTO {formatSpan(rto.targetMs)}, maximum {formatSpan(rto.maximumMs)}
        </span>
        <p className={`num text-13 ${option.rtoVerdict === 'breached' ? 'text-state-problem' : ''}`}>
          {done ? `${durationWords(done.low)} to ${durationWords(done.high)}` : 'No recovery'}
        </p>
        <TimeBar done={done} clocks={clocks} />
      </div>
      <div className="min-w-0">
        <span className="label lg:sr-only">
          Loss, RPO {formatSpan(rpo.targetMs)}, maximum {formatSpan(rpo.maximumMs)}
        </span>
        <p className={`num text-13 ${option.rpoVerdict === 'breached' ? 'text-state-problem' : ''}`}>
          {loss.highMs === null ? dash : durationWords(loss.highMs)}
        </p>
        <LossBar loss={loss} verdict={option.rpoVerdict} rpo={rpo} />
        <p className="text-12 text-text-2">{loss.says}</p>
      </div>
      <div className="min-w-0">
        <span className="label lg:sr-only">Prerequisites</span>
        <p className="flex flex-wrap items-center gap-2 text-13">
          <span className="num">{checked.count}</span>
          {checked.look && <StateWord {...checked.look} />}
        </p>
        <p className="text-12 text-text-2">{checked.first}</p>
        {checked.more > 0 && <p className="text-12 text-text-3">And {checked.more} more.</p>}
      </div>
      <div className="min-w-0">
        <span className="label lg:sr-only">Approvals</span>
        <p className="num text-13">{approvals.count === 0 ? dash : (approvals.count ?? 'Unknown')}</p>
        <p className="text-12 text-text-2">{approvals.says}</p>
      </div>
      <div className="flex flex-wrap items-start gap-2 md:flex-col md:items-end">
        {href && (option.fits === 'recommended' || option.fits === 'possible') ? (
          <Link href={href} className="btn" data-look={option.fits === 'recommended' ? 'go' : undefined}>
            Open
          </Link>
        ) : href ? (
          <Link href={href} className="text-12 text-accent">
            Show evidence
          </Link>
        ) : null}
        {onChoose && isWayOut(option) && (
          <Button onClick={onChoose} aria-label={`Choose ${name}`}>
            Choose
          </Button>
        )}
      </div>
    </li>
  )
}
