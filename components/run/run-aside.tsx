'use client'

import type { RunView } from '../../lib/domain/run/view'
import { useNowSelect } from '../../lib/queries/clock'
import { useSnapshotPart } from '../../lib/queries/cluster'
import { presentCandidate } from '../../lib/web/present/cluster'
import {
  formatBytes,
  formatBytesRange,
  formatClock,
  formatSeconds,
  formatSecondsRange,
  shortNames,
} from '../../lib/web/present/format'
import { checkLooks, formatRemaining } from '../../lib/web/present/run'
import { Age } from '../ui/age'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'

/** Clocks from the start of impact against the objective; they never pause for an approval. */
export function RunClocks({ run, rto }: { run: RunView; rto: { targetSeconds: number; maximumSeconds: number } }) {
  const { forecast } = run.clocks
  const from = run.clocks.impactAt ?? run.clocks.startedAt
  const end = run.clocks.restoredAt ?? run.finishedAt
  const elapsedSeconds = useNowSelect((now) => Math.floor(((end ?? (now || from)) - from) / 1000), 0)
  const left = rto.targetSeconds - elapsedSeconds
  const share = (seconds: number) => `${Math.min(100, (100 * seconds) / rto.maximumSeconds)}%`
  const tone = left < 0 ? 'problem' : elapsedSeconds > 0.75 * rto.targetSeconds ? 'lagging' : 'working'
  return (
    <section className="panel p-4" aria-label="Clocks">
      <div className="flex justify-between text-12 text-text-2">
        <span>{run.clocks.impactAt ? 'Elapsed since impact' : 'Elapsed since the start'}</span>
        <span>{left >= 0 ? 'RTO left' : 'Past RTO target'}</span>
      </div>
      <div className="flex justify-between">
        <span className="clock num">{formatClock(elapsedSeconds * 1000)}</span>
        <span className={`clock num ${left < 0 ? 'text-state-problem' : ''}`}>
          {formatClock(Math.abs(left) * 1000)}
        </span>
      </div>
      <div
        className={`objective-bar st-${tone}`}
        role="img"
        aria-label={`${formatClock(elapsedSeconds * 1000)} of the one hour target`}
      >
        <i style={{ width: share(elapsedSeconds) }} />
        {!end && forecast.known && <u style={{ left: share(elapsedSeconds), width: share(forecast.highSeconds) }} />}
        <b style={{ left: share(rto.targetSeconds), background: 'var(--state-lagging)' }} />
        <b style={{ left: 'calc(100% - 2px)', background: 'var(--state-problem)' }} />
      </div>
      <p className="mt-2 text-12 text-text-2">
        {run.clocks.restoredAt ? (
          'Writes were verified on the new writer. The clock has stopped.'
        ) : run.finishedAt ? (
          'The run is over.'
        ) : forecast.known ? (
          <span>
            About <span className="num text-text-1">{formatRemaining(forecast)}</span> remain.{' '}
            <span className="text-text-3">{forecast.basis}</span>
          </span>
        ) : (
          forecast.why
        )}
        {run.clocks.waitedForPeopleMs >= 1000 && (
          <>
            {' '}
            Waiting for people <span className="num">{formatClock(run.clocks.waitedForPeopleMs)}</span>.
          </>
        )}
      </p>
    </section>
  )
}

/** What the run was started with; it does not change any more. */
export function RunStarted({ run }: { run: RunView }) {
  const rows = [
    { label: 'Why', value: run.reason },
    { label: 'Cluster', value: run.cluster },
    ...run.inputs,
    ...(run.runner ? [{ label: 'Driven by', value: `${run.runner.name}, epoch ${run.runner.epoch}` }] : []),
  ]
  return (
    <Panel title="Started with">
      <dl className="facts px-4 pb-3">
        {rows.map(({ label, value }) => (
          <div key={label} className="contents">
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}

/** The candidates as they are now, beside what the run was started with. */
export function RunCandidates() {
  const candidates = useSnapshotPart((snapshot) => snapshot.candidates)
  const observedAt = useSnapshotPart((snapshot) => snapshot.takenAt)
  const names = shortNames(candidates?.map((c) => c.nodeId) ?? [])
  return (
    <Panel title="Candidates" aside={<Age at={observedAt} everyMs={1000} />}>
      {candidates?.length ? (
        <ul>
          {candidates.map((candidate) => {
            const look = presentCandidate(candidate)
            return (
              <li key={candidate.nodeId} className="candidate-row">
                <div>
                  <span className="mono">{names[candidate.nodeId] ?? candidate.nodeId}</span>
                  {candidate.best && <span className="best">BEST</span>}
                  <StateWord state={look.state} word={look.word} />
                </div>
                <div className="text-right">
                  <div className="num" title="Received, not replayed">
                    {candidate.wait.known ? `wait ${formatSeconds(candidate.wait.seconds)}` : 'wait unknown'}
                  </div>
                  <div className="num text-11 text-text-3">
                    {candidate.wait.known ? formatBytes(candidate.wait.bytes) : ''}
                  </div>
                </div>
                <div className="text-right">
                  <div className="num" title="Not received (lost)">
                    {candidate.loss.known
                      ? formatSecondsRange(candidate.loss.atLeast.seconds, candidate.loss.atMost.seconds)
                      : 'unknown'}
                  </div>
                  <div className="num text-11 text-text-3">
                    {candidate.loss.known
                      ? formatBytesRange(candidate.loss.atLeast.bytes, candidate.loss.atMost.bytes)
                      : ''}
                  </div>
                </div>
              </li>
            )
          })}
        </ul>
      ) : (
        <p className="px-4 pb-3 text-12 text-text-2">No known candidate.</p>
      )}
    </Panel>
  )
}

/** Prerequisites as they were when the run began. */
export function RunChecks({ run }: { run: RunView }) {
  const loud = run.checks.filter((check) => check.result !== 'pass')
  const quiet = run.checks.filter((check) => check.result === 'pass')
  return (
    <>
      {run.checks.length > 0 && (
        <Panel title="Checked before the start">
          <ul className="check-list">
            {loud.map((check) => (
              <li key={check.id} data-loud>
                <span>
                  {check.title}
                  <span className="block text-11 text-text-3">{check.message}</span>
                </span>
                <StateWord {...checkLooks[check.result]} />
              </li>
            ))}
          </ul>
          <details className="px-4 pb-3 text-12 text-text-2">
            <summary>
              <span className="num">{quiet.length}</span> passed
            </summary>
            <ul className="mt-1">
              {quiet.map((check) => (
                <li key={check.id}>
                  {check.title} <span className="text-text-3">{check.message}</span>
                </li>
              ))}
            </ul>
          </details>
        </Panel>
      )}
    </>
  )
}
