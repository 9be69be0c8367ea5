'use client'

import { Modal } from '../ui/sheet'
import { places } from './nav'

/** The keys that work everywhere. */
export function HelpSheet({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const groups: { title: string; rows: { keys: string[]; text: string }[] }[] = [
    {
      title: 'Everywhere',
      rows: [
        { keys: ['Ctrl', 'K'], text: 'Open the command menu (Cmd-K on a Mac)' },
        { keys: ['?'], text: 'Keyboard help' },
        { keys: ['Tab'], text: 'Move between controls and topology nodes' },
        { keys: ['Enter'], text: 'Open selected item' },
        { keys: ['Esc'], text: 'Close' },
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
        { keys: ['j'], text: 'Next' },
        { keys: ['k'], text: 'Previous' },
        { keys: ['u'], text: 'Switch between UTC and local time' },
      ],
    },
    {
      title: 'Run',
      rows: [
        { keys: ['c'], text: 'Copy the command of the step' },
        { keys: ['j'], text: 'Next step' },
        { keys: ['k'], text: 'Previous step' },
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
        No shortcut performs an irreversible action.
      </p>
    </Modal>
  )
}
