'use client'

import { Siren } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useEffect, useState } from 'react'
import type { Declare } from '../../lib/web/present/actions'
import { Button } from '../ui/button'
import { Modal } from '../ui/sheet'

const DeclareDialog = dynamic(() => import('./declare-dialog'), { ssr: false })

/** Opens the dialog. Everything in it is filled from the diagnosis, so declaring is two clicks. */
export function DeclareButton({ declare, look }: { declare: Declare; look?: 'go' | 'danger' }) {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    // The address may ask for it: /incidents#declare.
    const check = () => window.location.hash === '#declare' && setOpen(true)
    check()
    window.addEventListener('hashchange', check)
    return () => window.removeEventListener('hashchange', check)
  }, [])
  return (
    <>
      <Button look={look} size="s" onClick={() => setOpen(true)}>
        <Siren aria-hidden /> Declare incident
      </Button>
      <DeclareModal declare={declare} open={open} onOpenChange={setOpen} />
    </>
  )
}

/** The dialog alone, for what else asks for it: the command menu. */
export function DeclareModal({
  declare,
  open,
  onOpenChange,
}: {
  declare: Declare
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  return (
    <Modal open={open} onOpenChange={onOpenChange} title="Declare incident">
      {open && <DeclareDialog declare={declare} onClose={() => onOpenChange(false)} />}
    </Modal>
  )
}
