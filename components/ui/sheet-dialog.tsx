'use client'

import { X } from 'lucide-react'
import { Dialog } from 'radix-ui'
import { type ReactNode, useRef } from 'react'
import { Button } from './button'

export interface SheetProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  description?: ReactNode
  side?: 'right' | 'left'
  aside?: ReactNode
  children: ReactNode
}

export type ModalProps = Pick<SheetProps, 'open' | 'onOpenChange' | 'title' | 'children'>

/** Focus goes back to what had it: our dialogs are opened by state, so the dialog knows no trigger of its own. */
function useFocusBack() {
  const opener = useRef<Element | null>(null)
  return {
    onOpenAutoFocus: () => {
      opener.current = document.activeElement
    },
    onCloseAutoFocus: (event: Event) => {
      event.preventDefault()
      if (opener.current instanceof HTMLElement) opener.current.focus()
    },
  }
}

const DialogHead = ({ title, aside }: Pick<SheetProps, 'title' | 'aside'>) => (
  <div className="flex min-h-12 flex-none items-center gap-2 border-line-1 border-b px-4">
    <Dialog.Title className="min-w-0 truncate font-semibold text-14">{title}</Dialog.Title>
    <span className="grow" />
    {aside}
    <Dialog.Close asChild>
      <Button look="ghost" size="s" iconOnly aria-label="Close">
        <X aria-hidden />
      </Button>
    </Dialog.Close>
  </div>
)

/** A panel from the side. It traps focus, closes on Escape and gives focus back to what opened it. */
export function SheetDialog({ open, onOpenChange, title, description, side = 'right', aside, children }: SheetProps) {
  const focusBack = useFocusBack()
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content
          className="sheet"
          data-side={side}
          {...focusBack}
          {...(description ? {} : { 'aria-describedby': undefined })}
        >
          <DialogHead title={title} aside={aside} />
          <div className="min-h-0 flex-1 overflow-y-auto px-4 py-3">
            {description && <Dialog.Description className="mb-3 text-12 text-text-2">{description}</Dialog.Description>}
            {children}
          </div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** A dialog in the middle, for lists and short texts. */
export function ModalDialog({ open, onOpenChange, title, children }: ModalProps) {
  const focusBack = useFocusBack()
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="modal" {...focusBack} aria-describedby={undefined}>
          <DialogHead title={title} />
          <div className="min-h-0 overflow-y-auto p-4">{children}</div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  )
}
