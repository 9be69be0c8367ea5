import Link from 'next/link'
import type { BackupCatalogue, BucketState } from '../../lib/domain/backups/types'
import type { BackupsView, RecoveryPoint } from '../../lib/domain/backups/view'
import { byteWords, counted, durationWords, utcMinute } from '../../lib/domain/units'
import { Age } from '../ui/age'
import { Panel } from '../ui/panel'
import { StateWord } from '../ui/state'
import { BackupLine } from './backup-line'

/** The backups in S3: which one to restore from, what that would lose, and why not from the others. */
export function BackupsScreen({
  view,
  restore = null,
}: {
  view: BackupsView
  /** Where a restore is started; null where there is no procedure for it. */
  restore?: string | null
}) {
  return (
    <div className="desk-page flex flex-col gap-3">
      <div className="flex flex-wrap items-baseline gap-x-3">
        <h1 className="font-semibold text-20">Backups in S3</h1>
        {view.state !== 'not-configured' && <p className="mono break-all text-12 text-text-2">{view.place}</p>}
      </div>
      {view.state === 'read' ? (
        <Read view={view} restore={restore} />
      ) : (
        <section className="panel hatch p-4" aria-label="State">
          <StateWord state="unknown" word={view.state === 'not-configured' ? 'NOT CONFIGURED' : 'UNKNOWN'} />
          <p className="mt-2 text-text-2">
            {view.state === 'not-configured'
              ? 'No bucket with backups is configured, so nothing is known of them. Add "backups" to the environment file.'
              : 'The buckets have not been read yet. The runner reads them after its start and every 15 min.'}
          </p>
        </section>
      )}
    </div>
  )
}

function Read({ view, restore }: { view: Extract<BackupsView, { state: 'read' }>; restore: string | null }) {
  const { catalogue, recoveryPoint, troubles, unknown, readEveryMs } = view
  const { rows, others, own, copy } = catalogue
  const older = own.older + (copy?.older ?? 0)
  return (
    <>
      <div className="grid gap-3 lg:grid-cols-2">
        <Recommended catalogue={catalogue} point={recoveryPoint} restore={restore} />
        <Panel title="Buckets" aside={<Age at={catalogue.at} everyMs={readEveryMs} />}>
          <ul className="grid gap-2 px-4 pb-3">
            <Bucket title="Own region" state={own} />
            {copy ? (
              <Bucket title="Copy" state={copy} />
            ) : (
              <li className="text-text-2">No copy in another region is configured.</li>
            )}
            <li className="text-12 text-text-3">Read at {utcMinute(catalogue.at)}.</li>
            {[...troubles, ...unknown].map((says) => (
              <li key={says} className="text-state-lagging">
                {says}
              </li>
            ))}
          </ul>
        </Panel>
      </div>
      <Panel title={counted(rows.length, 'backup')}>
        {rows.length === 0 ? (
          <p className="px-4 pb-4 text-text-2">
            {own.error === null || copy?.error === null
              ? 'The bucket contains no backup below this prefix.'
              : 'Neither bucket could be read, so it is unknown which backups exist.'}
          </p>
        ) : (
          <ul className="border-line-1 border-t">
            {rows.map((row) => (
              <BackupLine key={row.key} row={row} asOf={catalogue.at} restore={restore} />
            ))}
          </ul>
        )}
        <p className="border-line-1 border-t px-4 py-2 text-12 text-text-3">
          {counted(others.sidecars, 'sidecar file')} and {counted(others.roles, 'file')} of roles are not offered as
          backups.
          {older > 0 && ` ${counted(older, 'older backup')} ${older === 1 ? 'was' : 'were'} not examined.`}
        </p>
      </Panel>
    </>
  )
}

function Recommended({
  catalogue: { rows },
  point,
  restore,
}: {
  catalogue: BackupCatalogue
  point: RecoveryPoint | null
  restore: string | null
}) {
  const best = rows.find(({ verdict }) => verdict === 'recommended')
  if (!best || !point)
    return (
      <Panel title="Recommended backup" aside={<StateWord state="problem" word="NONE" />}>
        <p className="px-4 pb-4 text-text-2">No backup can be used. Each one below has its reason.</p>
      </Panel>
    )
  const breached = point.verdict === 'breached'
  return (
    <Panel
      title="Recommended backup"
      aside={
        <StateWord
          state={breached ? 'problem' : point.verdict === 'met' ? 'ok' : 'lagging'}
          word={breached ? 'RPO BREACHED' : point.verdict === 'met' ? 'WITHIN RPO' : 'ABOVE RPO TARGET'}
        />
      }
    >
      <dl className="grid grid-cols-[112px_minmax(0,1fr)] gap-x-2 gap-y-1 px-4 pb-4 [&>dt]:text-text-3">
        <dt>Taken</dt>
        <dd>
          <span className="num">{utcMinute(best.takenAt)}</span>
          {best.takenBy === 'upload' && ' or earlier'}
        </dd>
        <dt>A restore loses</dt>
        <dd>
          <span className="num">{durationWords(point.lossMs)}</span> of writes, up to{' '}
          {point.until === 'damage' ? 'the damage' : 'now'} (target {durationWords(point.targetMs)}, maximum{' '}
          {durationWords(point.maximumMs)})
        </dd>
        <dt>Object</dt>
        <dd className="mono break-all">{best.key}</dd>
        <dt>Size</dt>
        <dd className="num">{byteWords(best.size)}</dd>
        <dt>Read from</dt>
        <dd>{best.place === 'own' ? 'the own region' : 'the copy in the other region'}</dd>
        <dt>Verified</dt>
        <dd>
          {best.check?.ok ? (
            <span className="num">{utcMinute(best.check.at)}</span>
          ) : (
            <>
              Not yet. On the runner: <code className="mono">npm run verify-backup</code>
            </>
          )}
        </dd>
      </dl>
      {restore !== null && (
        <p className="px-4 pb-4">
          <Link href={restore} className="btn" data-size="s">
            Restore from this backup
          </Link>
        </p>
      )}
    </Panel>
  )
}

function Bucket({ title, state: { bucket, region, error, headError } }: { title: string; state: BucketState }) {
  const why = error ?? headError
  return (
    <li className="flex flex-wrap items-baseline gap-x-2">
      <StateWord
        state={error !== null ? 'unknown' : headError !== null ? 'lagging' : 'ok'}
        word={error ? 'UNKNOWN' : why ? 'PARTLY READ' : 'READ'}
      />
      <span className="mono break-all">{bucket}</span>
      <span className="text-text-2">
        {title}, {region}
      </span>
      {why && <span className="basis-full text-12 text-text-2">{why}</span>}
    </li>
  )
}
