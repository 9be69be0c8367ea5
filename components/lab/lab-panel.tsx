'use client'

import { FlaskConical } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { Button } from '../ui/button'
import { useOnceOpened } from '../ui/sheet'
import type { LabDrawerProps } from './lab-drawer'

const LabDrawer = dynamic(() => import('./lab-drawer'), { ssr: false })

/** Breaks and heals the rehearsal cluster. It exists in a lab environment only. */
export function LabPanel(props: Pick<LabDrawerProps, 'actions' | 'mayBreak'>) {
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(0)
  const asked = useOnceOpened(open)
  return (
    <>
      <Button
        id="lab"
        size="s"
        onClick={() => setOpen(true)}
        aria-label={active ? `Lab, ${active} faults active` : 'Lab'}
      >
        <FlaskConical aria-hidden />
        <span className="wide-only">Lab</span>
        {active > 0 && <span className="num text-state-problem">{active}</span>}
      </Button>
      {asked && <LabDrawer {...props} open={open} onOpenChange={setOpen} onActive={setActive} />}
    </>
  )
}
