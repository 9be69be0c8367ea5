import clsx from 'clsx'
import Link from 'next/link'
import type { ReactNode } from 'react'
import type { BackupRow, ChecksumState, CopyState } from '../../lib/domain/backups/types'
import { byteWords, durationWords, utcMinute } from '../../lib/domain/units'
import { formatPercent } from '../../lib/web/present/format'
import { type State, StateWord } from '../ui/state'

const checksums: Record<ChecksumState, [State, string]> = {
  matches: ['ok', 'MATCHES'],
  differs: ['problem', 'DIFFERS'],
  'when-read': ['unknown', 'WHEN READ'],
  none: ['unknown', 'NONE'],
}
const copies: Record<CopyState, [State, string]> = {
  same: ['ok', 'SAME'],
  differs: ['problem', 'DIFFERS'],
  pending: ['working', 'PENDING'],
  failed: ['problem', 'FAILED'],
  missing: ['lagging', 'MISSING'],
  'only-copy': ['lagging', 'ONLY COPY'],
  unknown: ['unknown', 'UNKNOWN'],
  none: ['skipped', 'NONE'],
}
const verdicts: Record<BackupRow['verdict'], [State, string]> = {
  recommended: ['ok', 'RECOMMENDED'],
  usable: ['ok', 'USABLE'],
  rejected: ['problem', 'REJECTED'],
}

/** One backup. On a phone each figure has its label before it; the rest opens by a click or by Enter. */
export function BackupLine({ row, asOf, restore }: { row: BackupRow; asOf: number; restore: string | null }) {
  const [verdict, word] = verdicts[row.verdict]
  const [first, ...more] = row.reasons
  const best = row.verdict === 'recommended'
  return (
    <li
      className={clsx(
        'grid grid-cols-2 gap-x-4 gap-y-1 border-line-1 border-b px-4 py-2 last:border-b-0 md:grid-cols-[minmax(0,2fr)_repeat(4,minmax(0,1fr))_minmax(0,3fr)]',
        best && 'bg-accent-tint',
      )}
      aria-current={best || undefined}
    >
      <div className="col-span-2 min-w-0 md:col-span-1">
        <p className="num strong">{utcMinute(row.takenAt)}</p>
        <p className="mono break-all text-11 text-text-3">{row.key}</p>
      </div>
      <Figure label="Age">
        <span className="num">{durationWords(asOf - row.takenAt)}</span>
      </Figure>
      <Figure label="Size">
        <span className="num">{byteWords(row.size)}</span>
        {row.medianBytes !== null && row.medianBytes > 0 && (
          <span className="num ml-2 text-11 text-text-3">{difference(row.size / row.medianBytes - 1)}</span>
        )}
        <Sizes sizes={row.sizes} bad={row.reasons.some(({ kind }) => kind === 'too-small' || kind === 'empty')} />
      </Figure>
      <Figure label="SHA-256">
        <StateWord state={checksums[row.checksum][0]} word={checksums[row.checksum][1]} />
      </Figure>
      <Figure label="Copy">
        <StateWord state={copies[row.copy][0]} word={copies[row.copy][1]} />
      </Figure>
      <div className="col-span-2 min-w-0 md:col-span-1">
        <StateWord state={verdict} word={word} />
        {first && <p className="text-12 text-text-2">{first.says}</p>}
        {restore !== null && row.verdict === 'usable' && (
          <Link
            href={`${restore}?backup=${encodeURIComponent(row.key)}`}
            className="ml-2 text-12 text-accent underline"
            aria-label={`Restore from the backup of ${utcMinute(row.takenAt)}`}
          >
            Restore
          </Link>
        )}
        <details className="mt-1 text-12 text-text-2">
          <summary>Show evidence</summary>
          <ul className="list-disc pl-4">
            {[...more, ...row.warnings].map(({ kind, says }) => (
              <li key={kind}>{says}</li>
            ))}
            <li>
              {row.encryption === 'openpgp' ? 'Encrypted with OpenPGP' : 'Not encrypted'}, storage class{' '}
              {row.storageClass}.
            </li>
            {row.versionId !== null && (
              <li>
                Version <span className="mono break-all">{row.versionId}</span>
              </li>
            )}
            {row.check && (
              <li>
                Read to its end at {utcMinute(row.check.at)}: {row.check.ok ? 'whole' : 'not usable'}.
              </li>
            )}
          </ul>
        </details>
      </div>
    </li>
  )
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <span className="block text-11 text-text-3">{label}</span>
      {children}
    </div>
  )
}

const difference = (share: number) => `${share < 0 ? '−' : '+'}${formatPercent(Math.abs(share))}`

/** The sizes of the last seven and of this one, this one as a dot. */
function Sizes({ sizes, bad }: { sizes: readonly number[]; bad: boolean }) {
  if (sizes.length < 2) return null
  const most = Math.max(1, ...sizes)
  const at = (size: number, index: number) => ({ x: 2 + (index * 56) / (sizes.length - 1), y: 12 - (10 * size) / most })
  const points = sizes.map(at)
  const last = points.at(-1) ?? { x: 0, y: 0 }
  return (
    <svg width="60" height="14" viewBox="0 0 60 14" className="mt-1 block text-text-3" aria-hidden="true">
      <polyline points={points.map(({ x, y }) => `${x},${y}`).join(' ')} fill="none" stroke="currentColor" />
      <circle cx={last.x} cy={last.y} r="2" className={bad ? 'fill-state-problem' : 'fill-state-ok'} />
    </svg>
  )
}
