'use client'

import { useState } from 'react'
import type { EscalationView, LevelView } from '../../lib/domain/incident/view'
import { useNowSelect } from '../../lib/queries/clock'
import type { PageLevel } from '../../lib/web/present/actions'
import { pageSays, presentPage } from '../../lib/web/present/incident'
import { newKey } from '../incident/use-draft'
import { Button } from '../ui/button'
import { Refusal } from '../ui/refusal'
import { Segmented } from '../ui/segmented'
import { Modal } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { useAction } from '../ui/use-action'

/** State of a level's newest page, ticking; or whether the level can be reached now. */
export function LevelState({ level }: { level: LevelView }) {
  const page = level.page
  const word = useNowSelect((now) => (page ? presentPage(page, now).word : ''), '')
  if (!page)
    return level.reachableNow ? <StateWord state="ok" word="REACHABLE" /> : <StateWord state="skipped" word="NOT NOW" />
  return (
    <span className="inline-flex" title={pageSays(page) ?? undefined}>
      <StateWord state={presentPage(page, 0).state} word={word || presentPage(page, 0).word} />
    </span>
  )
}

/** "Page" opens what will be sent, by which channel, before anything is sent. */
export function PageButton({
  level,
  number,
  page,
  onDone,
}: {
  level: LevelView
  number: number | null
  page: PageLevel
  onDone: () => void
}) {
  const [open, setOpen] = useState(false)
  return (
    <>
      <Button
        size="s"
        look={level.suggested ? 'go' : undefined}
        disabled={!level.mayPage.allowed}
        title={level.mayPage.why ?? level.suggestedWhy ?? undefined}
        onClick={() => setOpen(true)}
        aria-label={`${level.page ? 'Page again' : 'Page'} ${level.level}, ${level.name}`}
      >
        {level.page ? 'Page again' : 'Page'}
      </Button>
      <Modal open={open} onOpenChange={setOpen} title={`Page ${level.level} ${level.role}, ${level.name}`}>
        <Compose
          level={level}
          number={number}
          page={page}
          onSent={() => {
            setOpen(false)
            onDone()
          }}
        />
      </Modal>
    </>
  )
}

function Compose({
  level,
  number,
  page,
  onSent,
}: {
  level: LevelView
  number: number | null
  page: PageLevel
  onSent: () => void
}) {
  const usable = level.channels.filter((candidate) => candidate.configured)
  const [channel, setChannel] = useState(usable[0]?.channel ?? level.channels[0]?.channel ?? 'pagerduty')
  const [message, setMessage] = useState(level.messagePreview)
  const [key] = useState(newKey)
  const send = useAction(page)
  const configured = level.channels.find((candidate) => candidate.channel === channel)?.configured ?? false
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={async (event) => {
        event.preventDefault()
        if (await send.run({ number, level: level.level, channel, message, key })) onSent()
      }}
    >
      {!level.reachableNow && (
        <p className="text-12 text-state-lagging">
          Outside the hours of this contact ({level.availability}). A page is sent anyway.
        </p>
      )}
      <Segmented
        label="Channel"
        value={channel}
        options={level.channels.map((candidate) => ({ value: candidate.channel, label: candidate.label }))}
        onChange={setChannel}
      />
      <textarea
        className="incident-input min-h-28 py-2"
        aria-label="Message"
        value={message}
        onChange={(event) => setMessage(event.target.value)}
      />
      <p className="text-12 text-text-2">
        {configured ? 'Manually instead: ' : 'This channel is not configured. Call manually: '}
        {level.contactHref ? <a href={level.contactHref}>{level.contact}</a> : level.contact}
      </p>
      <Refusal why={send.error} />
      <div className="flex justify-end">
        <Button type="submit" look="go" disabled={send.busy || !configured || message.trim() === ''}>
          Page {level.name}
        </Button>
      </div>
    </form>
  )
}

/** The channels as links. */
export function Channels({ channels }: { channels: EscalationView['channels'] }) {
  return (
    <>
      {channels.map((channel) =>
        channel.href ? (
          <a
            key={channel.key}
            className="text-12 text-text-3 hover:text-text-1"
            href={channel.href}
            target="_blank"
            rel="noopener noreferrer"
          >
            {channel.label}
          </a>
        ) : (
          <span key={channel.key} className="text-12 text-text-3" title={channel.label}>
            {channel.value}
          </span>
        ),
      )}
    </>
  )
}
