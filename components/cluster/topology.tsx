'use client'

import { Check, X } from 'lucide-react'
import dynamic from 'next/dynamic'
import { type KeyboardEvent, memo, type ReactNode, useState } from 'react'
import type { NodeView, Snapshot } from '../../lib/domain/cluster/types'
import { snapshotEveryMs } from '../../lib/queries/sight'
import { presentNode, withSight } from '../../lib/web/present/cluster'
import { dash, formatAge, formatBytes, formatSeconds } from '../../lib/web/present/format'
import { Age, Since, useSight } from '../ui/age'
import { Panel } from '../ui/panel'
import { type State, StateWord, stateIcons } from '../ui/state'
import { presentApp, presentPool } from './tile-figures'
import { type Box, layoutTopology } from './topology-layout'

const NodeSheet = dynamic(() => import('./node-sheet').then((m) => m.NodeSheet), { ssr: false })
const PoolSheet = dynamic(() => import('./node-sheet').then((m) => m.PoolSheet), { ssr: false })
const AppSheet = dynamic(() => import('./node-sheet').then((m) => m.AppSheet), { ssr: false })

type Opened = { kind: 'node'; id: string } | { kind: 'pool' } | { kind: 'app' } | null

/** The cluster as boxes in their zones and regions; each box opens its detail. */
export function Topology({ snapshot }: { snapshot: Snapshot }) {
  const [opened, setOpened] = useState<Opened>(null)
  const node = opened?.kind === 'node' ? snapshot.nodes.find((n) => n.id === opened.id) : undefined
  const close = () => setOpened(null)
  return (
    <Panel
      title="Topology"
      className="area-topology"
      aside={
        <>
          <span className="label">RDS status</span>
          <Age at={snapshot.rdsObservedAt} everyMs={10_000} ago />
        </>
      }
    >
      <Drawing snapshot={snapshot} open={setOpened} />
      <NodeList snapshot={snapshot} open={setOpened} />
      {node && <NodeSheet node={node} snapshot={snapshot} onClose={close} />}
      {opened?.kind === 'pool' && <PoolSheet snapshot={snapshot} onClose={close} />}
      {opened?.kind === 'app' && <AppSheet snapshot={snapshot} onClose={close} />}
    </Panel>
  )
}

const Drawing = memo(function Drawing({ snapshot, open }: { snapshot: Snapshot; open: (what: Opened) => void }) {
  const layout = layoutTopology(snapshot)
  const { app, pooler, writer, home, away } = layout
  const broken = writer.node ? ['suspected', 'down'].includes(writer.node.state) : true
  const pool = withSight(presentPool(snapshot.pool.value), useSight(snapshot.pool.observedAt, snapshot.pool.everyMs))
  const appState = withSight(
    presentApp(snapshot.workload.value),
    useSight(snapshot.workload.observedAt, snapshot.workload.everyMs),
  )
  const axis = writer.box.y + writer.box.h / 2
  const pods = snapshot.workload.value?.pods ?? []
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing made of buttons is a group, and a fieldset cannot hold one
    <svg
      className="topo wide-drawing"
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      role="group"
      aria-label="Topology"
      preserveAspectRatio="xMidYMid meet"
    >
      <defs>
        <pattern id="topo-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="1.5" height="6" fill="var(--hatch-ink)" />
        </pattern>
      </defs>
      <rect className="region" x={home.x} y={home.y} width={home.w} height={home.h} rx="9" />
      <text x={home.x + 12} y={home.y + 18} className="strong t1">
        {snapshot.environment.region}
      </text>
      <text className="d" x={home.x + home.w - 12} y={home.y + 18} textAnchor="end">
        {snapshot.environment.cluster}
      </text>
      {away && (
        <>
          <rect className="region" x={away.x} y={away.y} width={away.w} height={away.h} rx="9" />
          <text x={away.x + 12} y={away.y + 18} className="strong t1">
            {away.name}
          </text>
          <text className="d" x={away.x + 12} y={away.y + 38}>
            recovery region
          </text>
        </>
      )}
      <Zone box={writer.zone} name={writer.node?.zone ?? 'zone unknown'} word="WRITER" strong />
      {layout.readers.map(({ node, zone }) => (
        <Zone key={node.id} box={zone} name={node.zone} word={node.role === 'unknown' ? 'ROLE UNKNOWN' : 'READER'} />
      ))}

      {pooler && <Edge path={`M${app.x + app.w} ${axis}H${pooler.x}`} head={[pooler.x, axis]} width={1.5} />}
      <Edge
        path={`M${pooler ? pooler.x + pooler.w : app.x + app.w} ${axis}H${writer.box.x}`}
        head={[writer.box.x, axis]}
        width={2}
        broken={broken || (pool.state === 'problem' && pooler !== null)}
        cross={[(pooler ? pooler.x + pooler.w + writer.box.x : app.x + app.w + writer.box.x) / 2, axis]}
        label={pooler ? null : { text: 'direct', x: (app.x + app.w + home.x) / 2, y: axis - 8 }}
      />
      {layout.readers.map(({ node, box }) => {
        const y = box.y + box.h / 2
        const top = writer.box.y + 12
        const from = Math.min(Math.max(y, top), writer.box.y + writer.box.h - 12)
        const path =
          from === y
            ? `M${writer.box.x + writer.box.w} ${y}H${box.x}`
            : `M${writer.box.x + writer.box.w} ${from}H520V${y}H${box.x}`
        return <StreamEdge key={node.id} node={node} path={path} head={[box.x, y]} middle={[520, y]} />
      })}
      {layout.remote.map(({ node, box }) => {
        const y = box.y + box.h / 2
        const x = writer.box.x + writer.box.w / 2
        const path = `M${x} ${writer.box.y + writer.box.h}V${y - 6}Q${x} ${y} ${x + 6} ${y}H${box.x}`
        return <StreamEdge key={node.id} node={node} path={path} head={[box.x, y]} middle={[480, y]} />
      })}

      <Press
        box={app}
        label={`${snapshot.workload.value?.deployment ?? 'Application'}, ${appState.word}`}
        onOpen={() => open({ kind: 'app' })}
      >
        <text className="m n" x={app.x + 10} y={app.y + 19}>
          {snapshot.workload.value?.deployment ?? 'application'}
        </text>
        <SvgState x={app.x + 9} y={app.y + 27} state={appState.state} word={appState.word} />
        {pods.slice(0, 6).map((pod, i) => {
          const [x, y] = [app.x + 12 + (i % 3) * 28, app.y + 47 + Math.floor(i / 3) * 21]
          const state: State = appState.word === 'STALE' ? 'unknown' : pod.ready ? 'ok' : 'problem'
          const Icon = pod.ready ? Check : X
          return (
            <g key={pod.name} className={`st-${state}`}>
              <rect x={x} y={y} width="24" height="16" rx="3.5" fill="var(--t)" stroke="var(--e)" />
              <Icon x={x + 7} y={y + 3} width={10} height={10} stroke="var(--c)" strokeWidth={2.5} aria-hidden />
            </g>
          )
        })}
        <text className="d" x={app.x + 10} y={app.y + 102}>
          <tspan className="m t1">
            {snapshot.workload.value ? `${snapshot.workload.value.ready} of ${snapshot.workload.value.replicas}` : dash}
          </tspan>{' '}
          ready
        </text>
      </Press>

      {pooler && (
        <Press box={pooler} label={`PgBouncer, ${pool.word}`} onOpen={() => open({ kind: 'pool' })}>
          <text className="m n" x={pooler.x + 10} y={pooler.y + 19}>
            PgBouncer
          </text>
          <SvgState x={pooler.x + 9} y={pooler.y + 27} state={pool.state} word={pool.word} />
          {pool.rows.map(([name, value, bad], i) => (
            <g key={name}>
              <text className="d" x={pooler.x + 10} y={pooler.y + 66 + i * 16}>
                {name}
              </text>
              <text
                className={`m t1${bad ? ' bad' : ''}`}
                x={pooler.x + pooler.w - 10}
                y={pooler.y + 66 + i * 16}
                textAnchor="end"
              >
                {value}
              </text>
            </g>
          ))}
        </Press>
      )}

      <WriterBox snapshot={snapshot} node={writer.node} box={writer.box} open={open} />
      {[...layout.readers, ...layout.remote].map(({ node, box }) => (
        <ReaderBox key={node.id} node={node} box={box} open={open} />
      ))}
    </svg>
  )
})

function Zone({ box, name, word, strong }: { box: Box; name: string; word: string; strong?: boolean }) {
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

function Edge({
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

/** Lag makes an edge thicker, up to a limit; an unknown lag is said, not drawn as thin. */
function StreamEdge({
  node,
  path,
  head,
  middle,
}: {
  node: NodeView
  path: string
  head: [number, number]
  middle: [number, number]
}) {
  const sight = useSight(node.lag.observedAt, node.lag.everyMs)
  const lag = sight === 'blind' ? null : node.lag.value
  const broken = node.stream.alive === false
  const thickness = lag?.known ? Math.min(6, 2 + Math.log10(1 + lag.seconds * 3) * 1.6) : 1.5
  const text = lag?.known ? formatSeconds(lag.seconds) : 'unknown'
  return (
    <>
      <Edge
        path={path}
        head={head}
        width={thickness}
        broken={broken}
        late={sight !== 'live'}
        cross={middle}
        label={broken ? null : { text, x: middle[0], y: middle[1] - 8 }}
      />
      {broken && (
        <text className="m strong bad" x={middle[0]} y={middle[1] + 22} textAnchor="middle">
          {node.stream.since === null ? 'no stream' : <Since at={node.stream.since} format={formatAge} />}
        </text>
      )}
    </>
  )
}

function Press({
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

function SvgState({ x, y, state, word }: { x: number; y: number; state: State; word: string }) {
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

function WriterBox({
  snapshot,
  node,
  box,
  open,
}: {
  snapshot: Snapshot
  node: NodeView | null
  box: Box
  open: (what: Opened) => void
}) {
  const sight = useSight(snapshot.takenAt, snapshotEveryMs)
  if (!node)
    return (
      <g>
        <rect className="box unknown" x={box.x} y={box.y} width={box.w} height={box.h} rx="6" />
        <text className="n" x={box.x + box.w / 2} y={box.y + box.h / 2 + 4} textAnchor="middle">
          No writer is known
        </text>
      </g>
    )
  const { state, word, dashed } = withSight(presentNode(node), sight)
  const dead = state === 'dead'
  const connections = node.connections.value
  const rows: [string, ReactNode][] = [
    ['last heartbeat', <Since key="beat" at={snapshot.lastHeartbeatAt} format={(ms) => `${formatAge(ms)} ago`} />],
    ['RDS status', node.rdsStatus.value ?? 'unknown'],
    ['connections', connections ? `${dead ? dash : connections.used} / ${connections.limit}` : 'unknown'],
    dead ? ['last LSN', node.position.value?.lsn ?? 'unknown'] : ['PostgreSQL', node.version ?? 'unknown'],
  ]
  return (
    <Press
      box={box}
      className={`box${dead ? ' dead' : ''}${state === 'unknown' ? ' unknown' : ''}${dashed ? ' dashed' : ''}`}
      label={`${node.id}, writer, ${word}`}
      onOpen={() => open({ kind: 'node', id: node.id })}
    >
      <g className={dead ? 'on-dead' : undefined}>
        <text className="m n" x={box.x + 9} y={box.y + 18}>
          {node.id}
        </text>
        <SvgState x={box.x + 8} y={box.y + 26} state={state} word={word} />
        {rows.map(([name, value], i) => (
          <g key={name}>
            <text className="d" x={box.x + 9} y={box.y + 64 + i * 18}>
              {name}
            </text>
            <text className="m t1" x={box.x + box.w - 9} y={box.y + 64 + i * 18} textAnchor="end">
              {value}
            </text>
          </g>
        ))}
      </g>
    </Press>
  )
}

function ReaderBox({ node, box, open }: { node: NodeView; box: Box; open: (what: Opened) => void }) {
  const sight = useSight(node.lag.observedAt, node.lag.everyMs)
  const { state, word, dashed } = withSight(presentNode(node), sight)
  const dead = state === 'dead'
  const lag = node.lag.value
  const right =
    node.stream.alive === false
      ? 'no stream'
      : sight === 'blind' || !lag?.known
        ? 'lag unknown'
        : formatBytes(lag.bytes)
  return (
    <Press
      box={box}
      className={`box${dead ? ' dead' : ''}${state === 'unknown' || sight !== 'live' ? ' unknown' : ''}${dashed ? ' dashed' : ''}`}
      label={`${node.id}, ${node.role === 'cross-region' ? 'cross-region reader' : 'reader'}, ${word}, ${right}`}
      onOpen={() => open({ kind: 'node', id: node.id })}
    >
      <g className={dead ? 'on-dead' : undefined}>
        <text className="m n" x={box.x + 9} y={box.y + 17}>
          {node.id}
        </text>
        <SvgState x={box.x + 8} y={box.y + 25} state={state} word={word} />
        <text className="m d" x={box.x + box.w - 9} y={box.y + 35} textAnchor="end">
          {right}
        </text>
      </g>
    </Press>
  )
}

/** The same as a list, for windows too narrow for the drawing. */
function NodeList({ snapshot, open }: { snapshot: Snapshot; open: (what: Opened) => void }) {
  const { writer, readers, remote } = layoutTopology(snapshot)
  const sight = useSight(snapshot.takenAt, snapshotEveryMs)
  const pool = withSight(presentPool(snapshot.pool.value), sight)
  const app = withSight(presentApp(snapshot.workload.value), sight)
  const row = (key: string, name: string, place: string, state: State, word: string, right: string, what: Opened) => (
    <li key={key}>
      <button type="button" className="node-row" onClick={() => open(what)}>
        <span className="mono truncate text-12 font-medium">{name}</span>
        <StateWord state={state} word={word} />
        <span className="truncate text-11 text-text-3">{place}</span>
        <span className="num text-right text-11 text-text-2">{right}</span>
      </button>
    </li>
  )
  const nodeRow = (node: NodeView, role: string) => {
    const { state, word } = withSight(presentNode(node), sight)
    const lag = node.lag.value
    const right =
      role === 'writer'
        ? (node.rdsStatus.value ?? '')
        : node.stream.alive === false
          ? 'no stream'
          : lag?.known
            ? formatSeconds(lag.seconds)
            : 'lag unknown'
    return row(node.id, node.id, `${role}, ${node.zone}`, state, word, right, { kind: 'node', id: node.id })
  }
  return (
    <ul className="narrow-drawing">
      {row('app', snapshot.workload.value?.deployment ?? 'application', 'application', app.state, app.word, app.short, {
        kind: 'app',
      })}
      {snapshot.pool.value?.present !== false &&
        row('pool', 'PgBouncer', 'connection pool', pool.state, pool.word, pool.short, { kind: 'pool' })}
      {writer.node && nodeRow(writer.node, 'writer')}
      {readers.map(({ node }) => nodeRow(node, 'reader'))}
      {remote.map(({ node }) => nodeRow(node, 'cross-region'))}
    </ul>
  )
}
