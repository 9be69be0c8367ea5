'use client'

import { Check, X } from 'lucide-react'
import dynamic from 'next/dynamic'
import { memo, useState } from 'react'
import { servingWorkload } from '../../lib/domain/cluster/serving'
import type { Snapshot } from '../../lib/domain/cluster/types'
import { withSight } from '../../lib/web/present/cluster'
import { dash } from '../../lib/web/present/format'
import { Age, useSight } from '../ui/age'
import { Panel } from '../ui/panel'
import type { State } from '../ui/state'
import { presentApp, presentPool } from './tile-figures'
import { layoutTopology } from './topology-layout'
import { NodeList } from './topology-list'
import { ReaderBox, StreamEdge, WriterBox } from './topology-nodes'
import { Edge, type Opened, Press, SvgState, Zone } from './topology-parts'

const NodeSheet = dynamic(() => import('./node-sheet').then((m) => m.NodeSheet), { ssr: false })
const PoolSheet = dynamic(() => import('./node-sheet').then((m) => m.PoolSheet), { ssr: false })
const AppSheet = dynamic(() => import('./node-sheet').then((m) => m.AppSheet), { ssr: false })

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
  const { app, pooler, writer, regions } = layout
  const broken = writer.node ? ['suspected', 'down'].includes(writer.node.state) : true
  const pool = withSight(presentPool(snapshot.pool.value), useSight(snapshot.pool.observedAt, snapshot.pool.everyMs))
  const workload = servingWorkload(snapshot)
  const appState = withSight(presentApp(workload.value), useSight(workload.observedAt, workload.everyMs))
  const axis = writer.box.y + writer.box.h / 2
  const pods = workload.value?.pods ?? []
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
      {regions.map(({ box, name, note }) => (
        <g key={name}>
          <rect className="region" x={box.x} y={box.y} width={box.w} height={box.h} rx="9" />
          <text x={box.x + 12} y={box.y + 18} className="strong t1">
            {name}
          </text>
          {writer.zone.y > box.y && writer.zone.y < box.y + box.h ? (
            <text className="d" x={box.x + box.w - 12} y={box.y + 18} textAnchor="end">
              {note}
            </text>
          ) : (
            <text className="d" x={box.x + 12} y={box.y + 38}>
              {note}
            </text>
          )}
        </g>
      ))}
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
        label={pooler ? null : { text: 'direct', x: (app.x + app.w + writer.zone.x) / 2, y: axis - 8 }}
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
        const below = y > writer.box.y
        const path = `M${x} ${writer.box.y + (below ? writer.box.h : 0)}V${below ? y - 6 : y + 6}Q${x} ${y} ${x + 6} ${y}H${box.x}`
        return <StreamEdge key={node.id} node={node} path={path} head={[box.x, y]} middle={[480, y]} />
      })}

      <Press
        box={app}
        label={`${workload.value?.deployment ?? 'Application'}, ${appState.word}`}
        onOpen={() => open({ kind: 'app' })}
      >
        <text className="m n" x={app.x + 10} y={app.y + 19}>
          {workload.value?.deployment ?? 'application'}
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
            {workload.value ? `${workload.value.ready} of ${workload.value.replicas}` : dash}
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
