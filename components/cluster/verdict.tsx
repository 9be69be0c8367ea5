'use client'

import { useQuery } from '@tanstack/react-query'
import { ChevronDown } from 'lucide-react'
import Link from 'next/link'
import { type ReactNode, useId, useState } from 'react'
import { nodeWords } from '../../lib/domain/cluster/node-key'
import { isWriterElsewhere } from '../../lib/domain/cluster/serving'
import type { Diagnosis, Snapshot, Vote } from '../../lib/domain/cluster/types'
import { type CatalogueEntry, manualOnly, recommended, wayHome } from '../../lib/domain/procedure/catalogue'
import { utcWords } from '../../lib/domain/units'
import { useNowSelect } from '../../lib/queries/clock'
import { activeRunsQuery } from '../../lib/queries/run'
import { snapshotEveryMs } from '../../lib/queries/sight'
import { hasConfidence, presentVerdict, presentVote } from '../../lib/web/present/cluster'
import { formatClock, formatSeconds, formatTimeOfDay } from '../../lib/web/present/format'
import { formatRemaining, presentRun } from '../../lib/web/present/run'
import { Age, Since, useSight } from '../ui/age'
import { StateWord } from '../ui/state'

interface VerdictProps {
  snapshot: Snapshot
  procedures: readonly CatalogueEntry[]
  actions?: ReactNode
}

/** The one sentence of the page: is the database healthy, and if not, what is it and what do we do. */
export function Verdict({ snapshot, procedures, actions }: VerdictProps) {
  const { diagnosis } = snapshot
  const sight = useSight(snapshot.takenAt, snapshotEveryMs)
  if (sight === 'blind') return <Blind takenAt={snapshot.takenAt} headline={diagnosis.headline} />
  const calm = diagnosis.kind === 'healthy'
  return (
    <>
      <p className="sr-only-live" role="status" aria-live={calm ? 'polite' : 'assertive'}>
        {presentVerdict(diagnosis).word}. {diagnosis.headline}
      </p>
      {calm ? (
        <Calm snapshot={snapshot} late={sight === 'late'} actions={actions} />
      ) : (
        <Trouble snapshot={snapshot} procedures={procedures} late={sight === 'late'} actions={actions} />
      )}
    </>
  )
}

function Calm({ snapshot, late, actions }: { snapshot: Snapshot; late: boolean; actions?: ReactNode }) {
  const { diagnosis, votes } = snapshot
  return (
    <section className={`verdict calm${late ? ' hatch' : ''}`} aria-label="Verdict">
      <details className="min-w-0 flex-1 max-sm:basis-full">
        <summary>
          <StateWord state={late ? 'unknown' : 'ok'} word={late ? 'STALE' : 'OK'} />
          <span className="calm-line">
            {late ? 'Last known state: ' : ''}
            {diagnosis.headline}
          </span>
          <ChevronDown aria-hidden className="size-4 flex-none text-text-3" />
          <span className="sr-only">Evidence</span>
        </summary>
        <div className="pt-3">
          <Votes votes={votes} />
          <Evidence diagnosis={diagnosis} />
        </div>
      </details>
      <span className="wide-only text-12 text-text-3">
        {late ? 'not observed for' : 'quiet for'}{' '}
        <span className="num text-text-1">
          <Since at={late ? snapshot.takenAt : diagnosis.since} format={(ms) => formatSeconds(ms / 1000)} />
        </span>
      </span>
      {actions}
    </section>
  )
}

function Trouble({ snapshot, procedures, late, actions }: VerdictProps & { late: boolean }) {
  const { diagnosis, votes } = snapshot
  const { state, word, edge } = presentVerdict(diagnosis)
  const [open, setOpen] = useState(false)
  const evidenceId = useId()
  return (
    <section className={`panel verdict trouble st-${state} edge-${edge}${late ? ' hatch' : ''}`} aria-label="Verdict">
      <div className="verdict-main">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <StateWord state={state} word={late ? `${word}, STALE` : word} look="solid" />
          <span className="text-12 text-text-2" title={utcWords(diagnosis.since)}>
            since <b className="num strong text-text-1">{formatTimeOfDay(diagnosis.since)}</b>
          </span>
          {hasConfidence(diagnosis) && (
            <span className="text-12 text-text-2">
              confidence <b className="num strong text-text-1">{diagnosis.confidence.toFixed(2)}</b>
            </span>
          )}
          <span className="grow" />
          <Confirming diagnosis={diagnosis} />
        </div>
        <h1 className="verdict-line">
          <Marked text={diagnosis.headline} names={snapshot.nodes.map((n) => nodeWords(n.id))} />
        </h1>
        <div className="verdict-detail">
          <p>{diagnosis.detail}</p>
          {diagnosis.evidence.length > 0 && (
            <button
              type="button"
              className="evidence-toggle"
              aria-expanded={open}
              aria-controls={evidenceId}
              onClick={() => setOpen(!open)}
            >
              Evidence, {diagnosis.evidence.length}
              <ChevronDown aria-hidden className="size-3.5" />
            </button>
          )}
        </div>
        <Votes votes={votes} />
        {open && <Evidence diagnosis={diagnosis} id={evidenceId} />}
      </div>
      <Recommended snapshot={snapshot} procedures={procedures} actions={actions} />
    </section>
  )
}

/** Node names are identifiers, so they stand in mono within the sentence. */
function Marked({ text, names }: { text: string; names: string[] }) {
  const found = names.filter((name) => text.includes(name)).sort((a, b) => b.length - a.length)
  if (found.length === 0) return text
  const parts = text.split(new RegExp(`(${found.map((n) => n.replace(/[^\w-]/g, '\\$&')).join('|')})`))
  // biome-ignore lint/suspicious/noArrayIndexKey: parts of one sentence have no other identity
  return parts.map((part, i) => (found.includes(part) ? <b key={i}>{part}</b> : part))
}

function Confirming({ diagnosis }: { diagnosis: Diagnosis }) {
  const { confirmsAt, held, certainty } = diagnosis
  const left = useNowSelect(
    (now) => (confirmsAt === null || now === 0 ? null : formatClock(Math.max(0, confirmsAt - now) + 999)),
    null,
  )
  if (certainty !== 'suspected') return null
  return (
    <span className="flex items-center gap-1.5 text-12 text-text-2">
      {left && (
        <>
          confirmed in <b className="num strong text-text-1">{left}</b> if it holds,
        </>
      )}
      {held && (
        <>
          <span>
            round {held.rounds} of {held.of}
          </span>
          <span className="flex gap-1" aria-hidden>
            {Array.from({ length: Math.min(held.of, 8) }, (_, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rounds are their number
              <i key={i} className="round" data-held={i < held.rounds || undefined} />
            ))}
          </span>
        </>
      )}
    </span>
  )
}

const shortLabels: Record<Vote['vantage'], string> = {
  endpoint: 'Endpoint',
  pooler: 'PgBouncer',
  'rds-api': 'RDS API',
  'wal-receivers': 'WAL',
  pods: 'App pods',
  metrics: 'Metrics',
  'dr-region': 'DR site',
}

function Votes({ votes }: { votes: Vote[] }) {
  return (
    <ul className="votes" aria-label="Result of each check">
      {votes.map((vote) => (
        <VoteCell key={`${vote.vantage}:${vote.label}`} vote={vote} />
      ))}
    </ul>
  )
}

function VoteCell({ vote }: { vote: Vote }) {
  const sight = useSight(vote.observedAt, vote.everyMs)
  const { state, word } = presentVote(vote, sight)
  const stale = state === 'unknown'
  return (
    <li className={stale ? 'hatch' : undefined} title={`${vote.label}, weight ${vote.weight}`}>
      <div className="flex items-center justify-between gap-1">
        <span className="truncate text-12 font-medium">{shortLabels[vote.vantage]}</span>
        <VoteAge vote={vote} />
      </div>
      <div className="flex min-w-0 items-center gap-1.5">
        <StateWord state={state} word={word} />
        <span className="truncate text-11 text-text-3">{stale && word === 'STALE' ? 'no vote' : vote.detail}</span>
      </div>
    </li>
  )
}

function VoteAge({ vote }: { vote: Vote }) {
  return (
    <span className="bare-age">
      <Age at={vote.observedAt} everyMs={Number.POSITIVE_INFINITY} />
    </span>
  )
}

function Evidence({ diagnosis, id }: { diagnosis: Diagnosis; id?: string }) {
  return (
    <ul className="evidence" id={id}>
      {diagnosis.evidence.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}

function Recommended({ snapshot, procedures, actions }: VerdictProps) {
  const { diagnosis } = snapshot
  const { data } = useQuery(activeRunsQuery)
  const { entry: procedure, unfit } = recommended(diagnosis, procedures, snapshot) ?? { entry: null, unfit: null }
  const home = procedure ? [] : wayHome(snapshot, procedures)
  // What is being done already is not recommended again.
  const meant = procedure ? [procedure] : home
  const run = data?.runs.find((one) => one.mode !== 'dry-run' && meant.some(({ slug }) => slug === one.slug))
  const doing = run && meant.find(({ slug }) => slug === run.slug)
  return (
    <div className="verdict-side">
      {run ? (
        <>
          <span className="label">{presentRun(run.state).word}</span>
          <b className="strong mt-1 text-14">
            {doing?.key} {run.title}
          </b>
          <span className="mt-0.5 text-12 text-text-2">{run.sentence}</span>
        </>
      ) : home.length > 0 ? (
        <>
          <span className="label">Way home</span>
          {home.map(({ key, title }) => (
            <b key={key} className="strong mt-1 text-14">
              {key} {title}
            </b>
          ))}
          <span className="mt-0.5 text-12 text-text-2">
            The writer is in {snapshot.environment.drRegion}. Start them when {snapshot.environment.region} is stable
            again.
          </span>
        </>
      ) : procedure ? (
        <>
          <span className="label">
            {diagnosis.certainty === 'confirmed' ? 'Recommended' : 'Recommended once confirmed'}
          </span>
          <b className="strong mt-1 text-14">
            {procedure.key} {procedure.title}
          </b>
          <span className="mt-0.5 text-12 text-text-2">
            {unfit ?? (procedure.slug === null ? manualOnly : null) ?? (
              <>
                Estimate <span className="num">{formatRemaining(procedure.estimate)}</span>
              </>
            )}
          </span>
        </>
      ) : (
        <>
          <span className="label">Recommended</span>
          <b className="strong mt-1 text-14">No procedure</b>
          <span className="mt-0.5 text-12 text-text-2">{nothingRecommended(snapshot)}</span>
        </>
      )}
      <span className="grow" />
      <div className="mt-3 flex gap-2">
        {actions}
        {run ? (
          <Link className="btn" data-size="s" href={`/runs/${run.id}`}>
            Open the run
          </Link>
        ) : (
          procedure?.slug &&
          unfit === null && (
            <Link className="btn" data-size="s" href={`/procedures/${procedure.slug}`}>
              Open {procedure.key}
            </Link>
          )
        )}
        {!run &&
          home.map(({ key, slug }) => (
            <Link key={key} className="btn" data-size="s" href={`/procedures/${slug}`}>
              Open {key}
            </Link>
          ))}
      </div>
    </div>
  )
}

function nothingRecommended({ diagnosis, writerId, environment }: Snapshot): string {
  const { damage, kind, certainty, region } = diagnosis
  if (damage) return 'The finding is not confirmed. Check the data before you change anything.'
  if (kind !== 'region-outage') return 'No recovery procedure is needed.'
  if (isWriterElsewhere({ writerId }))
    return `The writer is in ${environment.drRegion}. It can come home when ${environment.region} responds again.`
  if (region && (region.writer.kind === 'healthy' || region.writer.kind === 'degraded'))
    return 'The writer still commits writes.'
  return certainty === 'suspected'
    ? 'The finding is not confirmed yet. A failover inside the region does not help.'
    : 'The evidence is incomplete at this moment. Wait before you act.'
}

/** What is said when nothing was observed for a minute: not that all is well, nor that it is not. */
function Blind({ takenAt, headline }: { takenAt: number; headline: string }) {
  return (
    <section className="panel verdict trouble st-unknown edge-dashed hatch" aria-label="Verdict" role="alert">
      <div className="verdict-main">
        <div className="flex items-center gap-3">
          <StateWord state="unknown" word="BLIND" look="solid" />
          <span className="text-12 text-text-2">
            last snapshot{' '}
            <b className="num strong text-text-1">
              <Since at={takenAt} format={(ms) => formatSeconds(ms / 1000)} />
            </b>{' '}
            ago
          </span>
        </div>
        <h1 className="verdict-line">The state of the database is unknown</h1>
        <div className="verdict-detail">
          <p>
            Nothing has been observed since {formatTimeOfDay(takenAt)}. Last finding: {headline} Check that a runner is
            up and reachable.
          </p>
        </div>
      </div>
    </section>
  )
}
