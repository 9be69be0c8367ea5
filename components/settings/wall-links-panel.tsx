'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { ActionResult } from '../../lib/domain/errors'
import type { WallLinkView } from '../../lib/domain/incident/view'
import { wallLinksQuery } from '../../lib/queries/wall-links'
import { formatTimeOfDay, formatUtc } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Panel, Skeleton } from '../ui/panel'
import { useAction } from '../ui/use-action'
import { useWallLink, WallLinkMade } from '../ui/wall-link-made'
import './settings.css'

export interface WallLinkActions {
  make: (input: { label: string }) => Promise<ActionResult<{ href: string }>>
  revoke: (input: { id: string }) => Promise<ActionResult<unknown>>
}

/** Who may look at the wall without a sign-in, and by whose hand. */
export function WallLinksPanel({ actions }: { actions: WallLinkActions }) {
  const { data, error } = useQuery(wallLinksQuery)
  const client = useQueryClient()
  const [label, setLabel] = useState('')
  const done = () => client.invalidateQueries({ queryKey: wallLinksQuery.queryKey })
  const { href, make } = useWallLink(actions.make)
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
        <p className="px-4 pb-3 text-text-2">No link opens the wall now. People who are signed in need none.</p>
      ) : (
        <ul className="wall-link-list">
          {data.links.map((link) => (
            <WallLink key={link.id} link={link} right={data.right} revoke={actions.revoke} onDone={done} />
          ))}
        </ul>
      )}
      {href && (
        <div className="mx-4 mb-3">
          <WallLinkMade href={href} />
        </div>
      )}
      {data?.right.allowed && (
        <form
          className="wall-link-make"
          onSubmit={async (event) => {
            event.preventDefault()
            if (!(await make.run({ label }))) return
            setLabel('')
            await done()
          }}
        >
          <input
            className="people-input"
            aria-label="Where the screen hangs"
            placeholder="Where the screen hangs"
            maxLength={80}
            value={label}
            onChange={(event) => setLabel(event.target.value)}
          />
          <Button size="s" type="submit" disabled={make.busy || label.trim() === ''}>
            Make a link
          </Button>
          {make.error && (
            <p role="alert" className="text-12 text-state-problem">
              {make.error}
            </p>
          )}
        </form>
      )}
    </Panel>
  )
}

const day = (at: number) =>
  `${new Date(at).toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${formatTimeOfDay(at).slice(0, 5)}`

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
        <p className="text-12 text-text-2" suppressHydrationWarning>
          Made by {link.createdBy.name},{' '}
          <span className="num" title={formatUtc(link.createdAt)}>
            {day(link.createdAt)}
          </span>
        </p>
        {error && (
          <p role="alert" className="text-12 text-state-problem">
            {error}
          </p>
        )}
      </div>
      <p className="text-12 text-text-2" suppressHydrationWarning>
        {link.lastUsedAt === null ? (
          <span className="text-text-3">Never used</span>
        ) : (
          <>
            Last used{' '}
            <span className="num" title={formatUtc(link.lastUsedAt)}>
              {day(link.lastUsedAt)}
            </span>
          </>
        )}
      </p>
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
