'use client'

import { FlaskConical } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import type { ActionResult } from '../../lib/domain/errors'
import type { LabFaults } from '../../lib/web/present/lab'
import { Button } from '../ui/button'
import { useOnceOpened } from '../ui/sheet'

export type LabAnswer = ActionResult<LabFaults>

export interface LabActions {
  read: (input: Record<string, never>) => Promise<LabAnswer>
  start: (input: {
    fault: string
    target: string | null
    parameters: Record<string, string | number>
  }) => Promise<LabAnswer>
  heal: (input: { fault: string | null }) => Promise<LabAnswer>
}

interface LabPanelProps {
  actions: LabActions
  mayBreak: boolean
}

export interface LabDrawerProps extends LabPanelProps {
  open: boolean
  onOpenChange: (open: boolean) => void
  /** Told how many faults are active whenever that changes. */
  onActive: (count: number) => void
}

const LabDrawer = dynamic(() => import('./lab-drawer'), { ssr: false })

/** Breaks and heals the rehearsal cluster. It exists in a lab environment only. */
export function LabPanel(props: LabPanelProps) {
  const [open, setOpen] = useState(false)
  const [active, setActive] = useState(0)
  const asked = useOnceOpened(open)
  return (
    <>
      <Button size="s" onClick={() => setOpen(true)} aria-label={active ? `Lab, ${active} faults active` : 'Lab'}>
        <FlaskConical aria-hidden />
        <span className="wide-only">Lab</span>
        {active > 0 && <span className="num text-state-problem">{active}</span>}
      </Button>
      {asked && <LabDrawer {...props} open={open} onOpenChange={setOpen} onActive={setActive} />}
    </>
  )
}
