'use client'

import dynamic from 'next/dynamic'
import { useState } from 'react'
import type { ModalProps, SheetProps } from './sheet-dialog'

// The first picture of the database does not wait for dialogs: their code comes with the first one that opens.
const SheetDialog = dynamic(() => import('./sheet-dialog').then((m) => m.SheetDialog), { ssr: false })
const ModalDialog = dynamic(() => import('./sheet-dialog').then((m) => m.ModalDialog), { ssr: false })

/** True from the first time that `open` was true. */
export function useOnceOpened(open: boolean): boolean {
  const [once, setOnce] = useState(open)
  if (open && !once) setOnce(true)
  return once || open
}

/** A panel from the side. It traps focus, closes on Escape and gives focus back to what opened it. */
export function Sheet(props: SheetProps) {
  return useOnceOpened(props.open) ? <SheetDialog {...props} /> : null
}

/** A dialog in the middle, for lists and short texts. */
export function Modal(props: ModalProps) {
  return useOnceOpened(props.open) ? <ModalDialog {...props} /> : null
}
