'use client'

import type { ReactNode } from 'react'
import { nodeWords, readNodeKey } from '../../lib/domain/cluster/node-key'
import type { NodeView, Snapshot } from '../../lib/domain/cluster/types'
import { snapshotEveryMs } from '../../lib/queries/sight'
import { presentNode, withSight } from '../../lib/web/present/cluster'
import { dash, formatAge, formatBytes, formatSeconds } from '../../lib/web/present/format'
import { Since, useSight } from '../ui/age'
import type { Box } from './topology-layout'
import { Edge, type Opened, Press, SvgState } from './topology-parts'

/** Lag makes an edge thicker, up to a limit; an unknown lag is said, not drawn as thin. */
export function StreamEdge({
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

export function WriterBox({
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
      label={`${nodeWords(node.id)}, writer, ${word}`}
      onOpen={() => open({ kind: 'node', id: node.id })}
    >
      <g className={dead ? 'on-dead' : undefined}>
        <text className="m n" x={box.x + 9} y={box.y + 18}>
          {nodeWords(node.id)}
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

export function ReaderBox({ node, box, open }: { node: NodeView; box: Box; open: (what: Opened) => void }) {
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
      label={`${nodeWords(node.id)}, ${node.role === 'cross-region' ? 'cross-region reader' : 'reader'}, ${word}, ${right}`}
      onOpen={() => open({ kind: 'node', id: node.id })}
    >
      <g className={dead ? 'on-dead' : undefined}>
        <text className="m n" x={box.x + 9} y={box.y + 17}>
          {readNodeKey(node.id).name}
        </text>
        <SvgState x={box.x + 8} y={box.y + 25} state={state} word={word} />
        <text className="m d" x={box.x + box.w - 9} y={box.y + 35} textAnchor="end">
          {right}
        </text>
      </g>
    </Press>
  )
}
