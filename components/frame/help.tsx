'use client'

import { Modal } from '../ui/sheet'
import { places } from './nav'

/** The keys that work everywhere. */
export function HelpSheet({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const groups: { title: string; rows: { keys: string[]; text: string }[] }[] = [
    {
      title: 'Everywhere',
      rows: [
        { keys: ['Ctrl', 'K'], text: 'Open the palette (Cmd-K on a Mac)' },
        { keys: ['?'], text: 'This sheet' },
        { keys: ['Tab'], text: 'Move between controls, the nodes of the topology included' },
        { keys: ['Enter'], text: 'Open what has the focus' },
        { keys: ['Esc'], text: 'Close what is open' },
      ],
    },
    {
      title: 'Go to',
      rows: places.map((place) => ({ keys: ['g', place.letter], text: place.label })),
    },
    {
      title: 'Incident and its timeline',
      rows: [
        { keys: ['n'], text: 'Write a note' },
        { keys: ['j'], text: 'Next entry or incident of the list' },
        { keys: ['k'], text: 'The one before' },
        { keys: ['u'], text: 'Times in UTC, or in your zone' },
      ],
    },
    {
      title: 'Run',
      rows: [
        { keys: ['c'], text: 'Copy the command of the step' },
        { keys: ['j'], text: 'Look at the next step' },
        { keys: ['k'], text: 'Look at the step before' },
        { keys: ['n'], text: 'Write a note' },
      ],
    },
  ]
  return (
    <Modal open={open} onOpenChange={onOpenChange} title="Keyboard">
      <div className="grid gap-x-8 gap-y-5 sm:grid-cols-2">
        {groups.map(({ title, rows }) => (
          <section key={title} aria-label={title}>
            <h3 className="label mb-2">{title}</h3>
            <dl className="grid grid-cols-[auto_1fr] items-center gap-x-4 gap-y-2">
              {rows.map((row) => (
                <div key={row.text} className="contents">
                  <dt className="flex gap-1">
                    {row.keys.map((key) => (
                      <span key={key} className="kbd">
                        {key}
                      </span>
                    ))}
                  </dt>
                  <dd className="text-text-2">{row.text}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="mt-4 border-line-1 border-t pt-3 text-12 text-text-3">
        No single key does anything that cannot be taken back.
      </p>
    </Modal>
  )
}
