'use client'

import { Modal } from '../ui/sheet'
import { places } from './nav'

/** The keys that work everywhere. */
export function HelpSheet({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const rows: { keys: string[]; text: string }[] = [
    { keys: ['Ctrl', 'K'], text: 'Open the palette (Cmd-K on a Mac)' },
    { keys: ['?'], text: 'This sheet' },
    ...places.map((place) => ({ keys: ['g', place.letter], text: `Go to ${place.label}` })),
    { keys: ['Tab'], text: 'Move between controls, the nodes of the topology included' },
    { keys: ['Enter'], text: 'Open what has the focus' },
    { keys: ['Esc'], text: 'Close what is open' },
  ]
  return (
    <Modal open={open} onOpenChange={onOpenChange} title="Keyboard">
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
      <p className="mt-4 border-line-1 border-t pt-3 text-12 text-text-3">
        No single key does anything that cannot be taken back.
      </p>
    </Modal>
  )
}
