'use client'

import { X } from 'lucide-react'
import type { KeyboardEvent, ReactNode } from 'react'
import { type State, stateIcons } from '../ui/state'
import type { Box } from './topology-layout'

/** What can be opened from the topology. */
export type Opened = { kind: 'node'; id: string } | { kind: 'pool' } | { kind: 'app' } | null

export function Zone({ box, name, word, strong }: { box: Box; name: string; word: string; strong?: boolean }) {
  return (
    <>
      <rect className="zone" x={box.x} y={box.y} width={box.w} height={box.h} rx="8" />
      <text className="d" x={box.x + 9} y={box.y + 15}>
        {name}
      </text>
      <text className={strong ? 'rl' : 'rl d'} x={box.x + box.w - 9} y={box.y + 15} textAnchor="end">
        {word}
      </text>
    </>
  )
}

export function Edge({
  path,
  head: [hx, hy],
  width,
  broken = false,
  late = false,
  cross,
  label,
}: {
  path: string
  head: [number, number]
  width: number
  broken?: boolean
  /** Drawn from an observation that is not fresh. */
  late?: boolean
  cross?: [number, number]
  label?: { text: string; x: number; y: number; bad?: boolean } | null
}) {
  return (
    <>
      <path
        className={broken ? 'edge broken' : 'edge'}
        d={path}
        style={{ strokeWidth: broken ? 1.5 : width, strokeDasharray: broken ? '2 5' : late ? '6 4' : undefined }}
      />
      {!broken && <path className="edge" d={`M${hx - 7} ${hy - 4}L${hx - 1} ${hy}L${hx - 7} ${hy + 4}`} />}
      {broken && cross && (
        <>
          <circle cx={cross[0]} cy={cross[1]} r="9" fill="var(--surface-2)" />
          <X
            x={cross[0] - 7}
            y={cross[1] - 7}
            width={14}
            height={14}
            stroke="var(--state-problem)"
            strokeWidth={2}
            aria-hidden
          />
        </>
      )}
      {label && (
        <text className={`m strong${label.bad ? ' bad' : ''}`} x={label.x} y={label.y} textAnchor="middle">
          {label.text}
        </text>
      )}
    </>
  )
}

export function Press({
  box,
  label,
  onOpen,
  className,
  children,
}: {
  box: Box
  label: string
  onOpen: () => void
  className?: string
  children: ReactNode
}) {
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' && event.key !== ' ') return
    event.preventDefault()
    onOpen()
  }
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button element
    <g
      tabIndex={0}
      role="button"
      aria-haspopup="dialog"
      aria-label={label}
      onClick={onOpen}
      onKeyDown={onKey}
      className="press"
    >
      <rect className={className ?? 'box'} x={box.x} y={box.y} width={box.w} height={box.h} rx="6" />
      {children}
    </g>
  )
}

export function SvgState({ x, y, state, word }: { x: number; y: number; state: State; word: string }) {
  const Icon = stateIcons[state]
  return (
    <g className={`st-${state}`}>
      <Icon x={x} y={y} width={12} height={12} className="svg-icon" strokeWidth={2} aria-hidden />
      <text className="svg-state" x={x + 16} y={y + 10}>
        {word}
      </text>
    </g>
  )
}
