'use client'

import { nodeWords } from '../../lib/domain/cluster/node-key'
import { servingWorkload } from '../../lib/domain/cluster/serving'
import type { NodeView, Snapshot } from '../../lib/domain/cluster/types'
import { snapshotEveryMs } from '../../lib/queries/sight'
import { presentNode, withSight } from '../../lib/web/present/cluster'
import { formatSeconds } from '../../lib/web/present/format'
import { useSight } from '../ui/age'
import { type State, StateWord } from '../ui/state'
import { presentApp, presentPool } from './tile-figures'
import { layoutTopology } from './topology-layout'
import type { Opened } from './topology-parts'

/** The same as a list, for windows too narrow for the drawing. */
export function NodeList({ snapshot, open }: { snapshot: Snapshot; open: (what: Opened) => void }) {
  const { writer, readers, remote } = layoutTopology(snapshot)
  const sight = useSight(snapshot.takenAt, snapshotEveryMs)
  const pool = withSight(presentPool(snapshot.pool.value), sight)
  const workload = servingWorkload(snapshot)
  const app = withSight(presentApp(workload.value), sight)
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
    return row(node.id, nodeWords(node.id), `${role}, ${node.zone}`, state, word, right, { kind: 'node', id: node.id })
  }
  return (
    <ul className="narrow-drawing">
      {row('app', workload.value?.deployment ?? 'application', 'application', app.state, app.word, app.short, {
        kind: 'app',
      })}
      {snapshot.pool.value?.present !== false &&
        row('pool', 'PgBouncer', 'connection pool', pool.state, pool.word, pool.short, { kind: 'pool' })}
      {writer.node && nodeRow(writer.node, 'writer')}
      {readers.map(({ node }) => nodeRow(node, 'reader'))}
      {remote.map(({ node }) => nodeRow(node, node.role === 'cross-region' ? 'cross-region' : 'at home'))}
    </ul>
  )
}
