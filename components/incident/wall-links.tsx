'use client'

import Link from 'next/link'
import { incidentLabel } from '../../lib/domain/incident/labels'
import { formatDay, formatTimeOfDay } from '../../lib/web/present/format'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { Refusal } from '../ui/refusal'
import { useAction } from '../ui/use-action'
import { useWallLink, WallLinkDaysField, WallLinkMade } from '../ui/wall-link-made'
import type { PartProps } from './part'

/** The newest links; the settings have them all. */
const mostShown = 5

/** Links that open the wall without a sign-in. The address is shown once, when it is made. */
export function WallLinks({ incident, actions, onDone }: PartProps) {
  const { made, make, days, setDays } = useWallLink(actions.wallLink)
  const revoke = useAction(actions.revokeWallLink)
  const error = make.error ?? revoke.error
  return (
    <Panel
      anchor="shared-screen"
      title="Shared screen"
      aside={
        <a className="text-12" href="/wall" target="_blank" rel="noreferrer">
          Open the wall
        </a>
      }
    >
      <div className="px-4 pb-3 text-12">
        {incident.wallLinks.slice(0, mostShown).map((link) => (
          <div key={link.id} className="flex items-center gap-2 py-0.5">
            <span className="min-w-0 flex-1 text-text-2">
              <span className="block truncate" title={link.label}>
                {link.label}
              </span>
              <span className="block text-11 text-text-3">
                Until <span className="num">{formatDay(link.expiresAt)}</span>
                {link.lastUsedAt !== null && (
                  <>
                    , last seen <span className="num">{formatTimeOfDay(link.lastUsedAt)}</span>
                  </>
                )}
              </span>
            </span>
            <Button
              size="s"
              look="ghost"
              disabled={revoke.busy}
              onClick={async () => {
                if (await revoke.run({ id: link.id })) onDone()
              }}
            >
              Revoke
            </Button>
          </div>
        ))}
        {incident.wallLinks.length > mostShown && (
          <p className="py-0.5">
            <Link href="/settings#wall-links">All {incident.wallLinks.length} wall links</Link>
          </p>
        )}
        {made && (
          <div className="mt-1 mb-2">
            <WallLinkMade made={made} />
          </div>
        )}
        <div className="my-1">
          <WallLinkDaysField days={days} onChange={setDays} />
        </div>
        <Button
          size="s"
          className="w-full"
          disabled={make.busy || !incident.rights.wallLink.allowed}
          title={incident.rights.wallLink.why ?? undefined}
          onClick={async () => {
            if (await make.run({ label: `Wall of ${incidentLabel(incident.number)}`, days })) onDone()
          }}
        >
          Create a link for a shared screen
        </Button>
        <Refusal why={error} className="mt-1" />
      </div>
    </Panel>
  )
}
