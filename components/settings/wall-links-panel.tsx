'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { WallLinkView } from '../../lib/domain/incident/view'
import { utcWords } from '../../lib/domain/units'
import { wallLinksQuery } from '../../lib/queries/wall-links'
import type { WallLinkActions } from '../../lib/web/present/actions'
import { formatDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Panel, Skeleton } from '../ui/panel'
import { Refusal } from '../ui/refusal'
import { useAction } from '../ui/use-action'
import { useWallLink, WallLinkDaysField, WallLinkMade } from '../ui/wall-link-made'
import './settings.css'

/** Who may look at the wall without a sign-in, and by whose hand. */
export function WallLinksPanel({ actions }: { actions: WallLinkActions }) {
  const { data, error } = useQuery(wallLinksQuery)
  const client = useQueryClient()
  const [label, setLabel] = useState('')
  const done = () => client.invalidateQueries({ queryKey: wallLinksQuery.queryKey })
  const { made, make, days, setDays } = useWallLink(actions.make)
  return (
    <Panel
      title="Wall links"
      aside={
        <a className="text-12" href="/wall" target="_blank" rel="noreferrer">
          Open the wall
        </a>
      }
    >
      {error && !data ? (
        <p role="alert" className="px-4 pb-3 text-state-problem">
          {error.message}
        </p>
      ) : !data ? (
        <div className="px-4 pb-3">
          <Skeleton width="100%" height={56} />
        </div>
      ) : data.links.length === 0 ? (
        <p className="px-4 pb-3 text-text-2">No wall links. Signed-in users don't need one.</p>
      ) : (
        <ul className="wall-link-list">
          {data.links.map((link) => (
            <WallLink key={link.id} link={link} right={data.right} revoke={actions.revoke} onDone={done} />
          ))}
        </ul>
      )}
      {data && data.links.length > 1 && data.right.allowed && (
        <RevokeAll count={data.links.length} revokeAll={actions.revokeAll} onDone={done} />
      )}
      {made && (
        <div className="mx-4 my-3">
          <WallLinkMade made={made} />
        </div>
      )}
      {data?.right.allowed && (
        <form
          className="wall-link-make"
          onSubmit={async (event) => {
            event.preventDefault()
            if (!(await make.run({ label, days }))) return
            setLabel('')
            await done()
          }}
        >
          <input
            className="people-input"
            aria-label="Screen location"
            placeholder="Screen location"
            aria-invalid={make.fields.label !== undefined}
            maxLength={80}
            value={label}
            onChange={(event) => setLabel(event.target.value)}
          />
          <WallLinkDaysField days={days} onChange={setDays} />
          <Button size="s" type="submit" disabled={make.busy || label.trim() === ''}>
            Create link
          </Button>
          {make.error && (
            <p role="alert" className="text-12 text-state-problem">
              {make.fields.label?.[0] ?? make.error}
            </p>
          )}
        </form>
      )}
    </Panel>
  )
}

/** Asks once more before every wall goes dark. */
function RevokeAll({
  count,
  revokeAll,
  onDone,
}: {
  count: number
  revokeAll: WallLinkActions['revokeAll']
  onDone: () => Promise<void>
}) {
  const { run, busy, error } = useAction(revokeAll)
  const [sure, setSure] = useState(false)
  return (
    <div className="flex flex-wrap items-center gap-2 border-line-1 border-t px-4 py-2.5">
      {sure ? (
        <>
          <span className="text-12 text-text-2">Every screen opened by a link is signed out.</span>
          <Button
            size="s"
            look="danger"
            disabled={busy}
            onClick={async () => {
              if (await run({})) await onDone()
            }}
          >
            Revoke all {count} links
          </Button>
          <Button size="s" look="ghost" disabled={busy} onClick={() => setSure(false)}>
            Cancel
          </Button>
        </>
      ) : (
        <Button size="s" look="ghost" onClick={() => setSure(true)}>
          Revoke all {count} links
        </Button>
      )}
      <Refusal why={error} />
    </div>
  )
}

function WallLink({
  link,
  right,
  revoke,
  onDone,
}: {
  link: WallLinkView
  right: { allowed: boolean; why: string | null }
  revoke: WallLinkActions['revoke']
  onDone: () => Promise<void>
}) {
  const { run, busy, error } = useAction(revoke)
  return (
    <li aria-label={link.label}>
      <div className="min-w-0">
        <p className="break-words font-[550]">{link.label}</p>
        <p className="text-12 text-text-2">
          Created by {link.createdBy.name},{' '}
          <span className="num" title={utcWords(link.createdAt)}>
            {formatDay(link.createdAt)}
          </span>
        </p>
        <Refusal why={error} />
      </div>
      <div className="text-12 text-text-2">
        <p>
          Expires{' '}
          <span className="num" title={utcWords(link.expiresAt)}>
            {formatDay(link.expiresAt)}
          </span>
        </p>
        {link.lastUsedAt === null ? (
          <p className="text-text-3">Never used</p>
        ) : (
          <p>
            Last used{' '}
            <span className="num" title={utcWords(link.lastUsedAt)}>
              {formatDay(link.lastUsedAt)}
            </span>
          </p>
        )}
      </div>
      <Button
        size="s"
        disabled={busy || !right.allowed}
        title={right.why ?? undefined}
        aria-label={`Revoke the link ${link.label}`}
        onClick={async () => {
          if (await run({ id: link.id })) await onDone()
        }}
      >
        Revoke
      </Button>
    </li>
  )
}
