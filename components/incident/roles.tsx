'use client'

import { DropdownMenu } from 'radix-ui'
import type { RoleView } from '../../lib/domain/incident/view'
import { initials } from '../../lib/domain/text'
import { Button } from '../ui/button'
import { Panel } from '../ui/panel'
import { Refusal } from '../ui/refusal'
import { useAction } from '../ui/use-action'
import type { PartProps } from './part'

/** Who leads what. A hand-over is a handshake: it stands when the receiver accepts. */
export function Roles({ incident, actions, onDone }: PartProps) {
  return (
    <Panel anchor="roles" title="Roles">
      <ul className="px-4 pb-2">
        {incident.roles.map((role) => (
          <Seat key={role.role} role={role} incident={incident} actions={actions} onDone={onDone} />
        ))}
      </ul>
    </Panel>
  )
}

function Seat({ role, incident, actions, onDone }: PartProps & { role: RoleView }) {
  const { number, people, me } = incident
  const take = useAction(actions.takeRole)
  const offer = useAction(actions.offerRole)
  const accept = useAction(actions.acceptRole)
  const release = useAction(actions.releaseRole)
  const busy = take.busy || offer.busy || accept.busy || release.busy
  const error = take.error ?? offer.error ?? accept.error ?? release.error
  const after = async (done: Promise<boolean>) => {
    if (await done) onDone()
  }
  return (
    <li className="seat">
      <span className="avatar" data-empty={role.holder === null || undefined} aria-hidden>
        {role.holder ? initials(role.holder.name) : '?'}
      </span>
      <span className="min-w-0">
        <span className={`block truncate font-medium text-12 ${role.holder ? '' : 'text-state-unknown'}`}>
          {role.holder?.name ?? 'Unassigned'}
        </span>
        <span className="block truncate text-11 text-text-3">
          {role.label}
          {role.offeredTo ? `, offered to ${role.offeredTo.name}` : ''}
        </span>
        <Refusal why={error} />
      </span>
      <span className="flex gap-1">
        {role.accept.allowed ? (
          <Button
            size="s"
            look="go"
            disabled={busy}
            onClick={() => after(accept.run({ number, role: role.role }))}
            aria-label={`Accept ${role.label}`}
          >
            Accept
          </Button>
        ) : role.holder === null ? (
          <Button
            size="s"
            look="go"
            disabled={busy || !role.take.allowed}
            title={role.take.why ?? undefined}
            onClick={() => after(take.run({ number, role: role.role }))}
            aria-label={`Take ${role.label}`}
          >
            Take
          </Button>
        ) : (
          (role.offer.allowed || role.take.allowed || role.release.allowed) && (
            <DropdownMenu.Root>
              <DropdownMenu.Trigger asChild>
                <Button size="s" look="ghost" disabled={busy} aria-label={`Hand over ${role.label}`}>
                  Hand over
                </Button>
              </DropdownMenu.Trigger>
              <DropdownMenu.Portal>
                <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
                  {role.take.allowed && role.holder.id !== me.id && (
                    <DropdownMenu.Item
                      className="menu-item"
                      onSelect={() => void after(take.run({ number, role: role.role }))}
                    >
                      Take over
                    </DropdownMenu.Item>
                  )}
                  {role.offer.allowed &&
                    people
                      .filter((person) => person.id !== role.holder?.id)
                      .map((person) => (
                        <DropdownMenu.Item
                          key={person.id}
                          className="menu-item"
                          onSelect={() => void after(offer.run({ number, role: role.role, to: person.id }))}
                        >
                          Offer to {person.name}
                        </DropdownMenu.Item>
                      ))}
                  {role.release.allowed && (
                    <DropdownMenu.Item
                      className="menu-item"
                      onSelect={() => void after(release.run({ number, role: role.role }))}
                    >
                      Leave unassigned
                    </DropdownMenu.Item>
                  )}
                </DropdownMenu.Content>
              </DropdownMenu.Portal>
            </DropdownMenu.Root>
          )
        )}
      </span>
    </li>
  )
}
