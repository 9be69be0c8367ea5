import clsx from 'clsx'
import {
  CircleCheck,
  CircleQuestionMark,
  CircleX,
  Hand,
  LoaderCircle,
  type LucideIcon,
  OctagonX,
  SkipForward,
  TriangleAlert,
} from 'lucide-react'
import type { State } from '../../lib/web/present/state'

export type { State }

export const stateIcons: Record<State, LucideIcon> = {
  ok: CircleCheck,
  lagging: TriangleAlert,
  problem: OctagonX,
  dead: CircleX,
  working: LoaderCircle,
  waiting: Hand,
  unknown: CircleQuestionMark,
  skipped: SkipForward,
}

const words: Record<State, string> = {
  ok: 'OK',
  lagging: 'LAGGING',
  problem: 'PROBLEM',
  dead: 'DOWN',
  working: 'RUNNING',
  waiting: 'WAITING',
  unknown: 'UNKNOWN',
  skipped: 'SKIPPED',
}

export function StateWord({
  state,
  word,
  look = 'plain',
  className,
}: {
  state: State
  /** Said instead of the state's own word. */
  word?: string
  look?: 'plain' | 'chip' | 'solid'
  className?: string
}) {
  const Icon = stateIcons[state]
  return (
    <span className={clsx('state', `st-${state}`, className)} data-look={look}>
      <Icon aria-hidden className={state === 'working' ? 'spin' : undefined} />
      {word ?? words[state]}
    </span>
  )
}
