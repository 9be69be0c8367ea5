'use client'

import Link from 'next/link'
import { onlineMs } from '../../lib/domain/people/session-rules'
import type { Approver } from '../../lib/domain/run/view'
import { useNowSelect } from '../../lib/queries/clock'
import { formatAge } from '../../lib/web/present/format'

/** Who may say yes, and who of them is here; when nobody is, the way to somebody. */
export function Approvers({ approvers }: { approvers: Approver[] }) {
  const now = useNowSelect((at) => Math.floor(at / 10_000) * 10_000, 0)
  if (approvers.length === 0)
    return (
      <p>
        No one else can approve this run. Another admin can add an approver in{' '}
        <Link href="/settings" className="underline">
          Settings
        </Link>
        .
      </p>
    )
  const here = (a: Approver) => a.seenAt !== null && now - a.seenAt < onlineMs
  return (
    <>
      <p className="mt-1 flex flex-wrap gap-x-3 gap-y-1 text-12">
        <span className="text-text-3">Can approve</span>
        {approvers.map((a) => (
          <span key={a.id}>
            <b className="font-medium text-text-1">{a.name}</b>{' '}
            <span className="text-text-3">
              {here(a) ? 'online' : a.seenAt === null ? 'not signed in' : `seen ${formatAge(now - a.seenAt)} ago`}
            </span>
          </span>
        ))}
      </p>
      {now > 0 && !approvers.some(here) && (
        <p className="mt-1 text-12 text-state-lagging">
          No approver is online.{' '}
          <Link href="/escalation" className="underline">
            Page the next level
          </Link>
          , or send them this link.
        </p>
      )}
    </>
  )
}
