'use client'

import type { ReactNode } from 'react'
import { nodeWords } from '../../lib/domain/cluster/node-key'
import { servingWorkload } from '../../lib/domain/cluster/serving'
import type { NodeView, PoolView, Reading, SlotView, Snapshot } from '../../lib/domain/cluster/types'
import { utcWords } from '../../lib/domain/units'
import { presentNode } from '../../lib/web/present/cluster'
import { dash, formatBytes, formatSeconds, formatTimeOfDay } from '../../lib/web/present/format'
import { Age } from '../ui/age'
import { Sheet } from '../ui/sheet'
import { StateWord } from '../ui/state'
import { presentApp, presentPool } from './tile-figures'

const shownEvents = 30

const roleWords: Record<NodeView['role'], string> = {
  writer: 'Writer',
  reader: 'Reader',
  'cross-region': 'Cross-region reader',
  unknown: 'Role unknown',
}

/** Everything known of one node, each reading with its age. */
export function NodeSheet({ node, snapshot, onClose }: { node: NodeView; snapshot: Snapshot; onClose: () => void }) {
  const { state, word } = presentNode(node)
  const events = snapshot.events.filter((e) => e.source === node.id || e.source === snapshot.environment.cluster)
  const lag = node.lag.value
  return (
    <Sheet
      open
      onOpenChange={(open) => !open && onClose()}
      title={<span className="mono">{nodeWords(node.id)}</span>}
      aside={<StateWord state={state} word={word} look={state === 'dead' ? 'chip' : 'plain'} />}
    >
      <Facts>
        <Fact name="Role">{roleWords[node.role]}</Fact>
        <Fact name="State">{node.stateDetail}</Fact>
        <Fact name="Region, zone">
          <span className="mono">{[node.region, node.zone].filter(Boolean).join(', ')}</span>
        </Fact>
        <Fact name="Address">
          <span className="mono break-all">
            {node.address ? `${node.address.host}:${node.address.port}` : 'unknown'}
          </span>
        </Fact>
        <Fact name="Class">
          <span className="mono">{node.instanceClass ?? 'unknown'}</span>
        </Fact>
        <Fact name="PostgreSQL">
          <span className="mono">{node.version ?? 'unknown'}</span>
        </Fact>
        <ReadingFact name="RDS status" reading={node.rdsStatus} show={(v) => v} />
        <ReadingFact name="Connections" reading={node.connections} show={(v) => `${v.used} / ${v.limit}`} />
        <ReadingFact name="WAL position" reading={node.position} show={(v) => v.lsn} />
        <ReadingFact
          name="Timeline"
          reading={node.position}
          show={(v) => (v.timeline === null ? 'unknown' : String(v.timeline))}
        />
        {node.role === 'writer' && <ReadingFact name="Replication slots" reading={snapshot.slots} show={slotWords} />}
        {node.role !== 'writer' && (
          <>
            <ReadingFact
              name="Lag"
              reading={node.lag}
              show={(v) => (v.known ? `${formatSeconds(v.seconds)}, ${formatBytes(v.bytes)}` : 'unknown')}
            />
            <Fact name="Not yet replayed">
              <span className="num">
                {lag?.known ? `${formatSeconds(lag.replaySeconds)}, ${formatBytes(lag.replayBytes)}` : 'unknown'}
              </span>
            </Fact>
            {lag && !lag.known && <Fact name="Why unknown">{lag.why}</Fact>}
            <Fact name="WAL stream">
              {node.stream.alive === null ? 'unknown' : node.stream.alive ? 'alive' : 'none'}
              {node.stream.since !== null && (
                <span className="text-text-3" title={utcWords(node.stream.since)}>
                  {' '}
                  since {formatTimeOfDay(node.stream.since)}
                </span>
              )}
            </Fact>
          </>
        )}
        <Fact name="Newest heartbeat here">
          {node.lastBeatAt === null ? (
            'none seen'
          ) : (
            <span className="num" title={utcWords(node.lastBeatAt)}>
              {formatTimeOfDay(node.lastBeatAt)}
            </span>
          )}
        </Fact>
      </Facts>
      <h3 className="mt-5 mb-2 font-medium text-12 text-text-2">Events</h3>
      {events.length === 0 ? (
        <p className="text-12 text-text-3">The RDS API has no event of this node or its cluster.</p>
      ) : (
        <ol className="flex flex-col gap-2">
          {events.slice(0, shownEvents).map((event) => (
            <li key={`${event.at}${event.message}`} className="grid grid-cols-[64px_1fr] gap-2 text-12">
              <time className="num text-text-3" title={utcWords(event.at)} dateTime={new Date(event.at).toISOString()}>
                {formatTimeOfDay(event.at)}
              </time>
              <span className="text-text-2">
                {event.message}
                {event.source !== node.id && <span className="text-text-3"> (cluster)</span>}
              </span>
            </li>
          ))}
        </ol>
      )}
    </Sheet>
  )
}

/** One of several poolers, in a line. */
function poolerWords(pool: PoolView | null): string {
  if (pool === null) return 'not asked yet'
  const paused = pool.paused ? `, paused${pool.pausedAll ? ' (all databases)' : ''}` : ''
  return `${pool.clientsActive} clients active, ${pool.clientsWaiting} waiting${paused}`
}

export function PoolSheet({ snapshot, onClose }: { snapshot: Snapshot; onClose: () => void }) {
  const { value } = snapshot.pool
  const { state, word } = presentPool(value)
  return (
    <Sheet
      open
      onOpenChange={(open) => !open && onClose()}
      title="PgBouncer"
      aside={<StateWord state={state} word={word} />}
    >
      <SourceLine reading={snapshot.pool} />
      {value && (
        <Facts>
          <Fact name="Clients active">{value.clientsActive}</Fact>
          <Fact name="Clients waiting">{value.clientsWaiting}</Fact>
          <Fact name="Longest wait">{formatSeconds(value.maxWaitSeconds)}</Fact>
          <Fact name="Servers active">{value.serversActive}</Fact>
          <Fact name="Servers idle">{value.serversIdle}</Fact>
          <Fact name="Servers at most">{value.serversLimit}</Fact>
          <Fact name="Paused">{value.pausedAll ? 'all databases' : value.paused ? 'yes' : 'no'}</Fact>
        </Facts>
      )}
      {snapshot.poolers.length > 1 && (
        <Facts>
          {snapshot.poolers.map((one) => (
            <Fact key={one.name} name={one.name}>
              {one.error ?? poolerWords(one.value)}
            </Fact>
          ))}
        </Facts>
      )}
    </Sheet>
  )
}

export function AppSheet({ snapshot, onClose }: { snapshot: Snapshot; onClose: () => void }) {
  const workload = servingWorkload(snapshot)
  const { value } = workload
  const { state, word } = presentApp(value)
  return (
    <Sheet
      open
      onOpenChange={(open) => !open && onClose()}
      title={<span className="mono">{value?.deployment ?? 'Application'}</span>}
      aside={<StateWord state={state} word={word} />}
    >
      <SourceLine reading={workload} />
      {value && (
        <>
          <Facts>
            <Fact name="Namespace">
              <span className="mono">{value.namespace}</span>
            </Fact>
            <Fact name="Pods ready">
              {value.ready} of {value.replicas}, {value.updated} updated
            </Fact>
            <Fact name="Rollout">{value.rolloutDetail}</Fact>
            <Fact name="Database host">
              <span className="mono break-all">{value.databaseHost ?? 'unknown'}</span>
            </Fact>
          </Facts>
          <h3 className="mt-5 mb-2 font-medium text-12 text-text-2">Pods</h3>
          <ul className="flex flex-col gap-1.5">
            {value.pods.map((pod) => (
              <li key={pod.name} className="flex items-center gap-2 text-12">
                <StateWord state={pod.ready ? 'ok' : 'problem'} word={pod.ready ? 'READY' : 'NOT READY'} />
                <span className="mono min-w-0 truncate">{pod.name}</span>
                <span className="grow" />
                <span className="truncate text-text-3">
                  {pod.reason ?? pod.phase}
                  {pod.restarts > 0 && `, ${pod.restarts} restarts`}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </Sheet>
  )
}

function SourceLine({ reading }: { reading: Reading<unknown> }) {
  return (
    <p className="mb-3 text-12 text-text-2">
      {reading.error ? (
        <>
          {reading.error}
          {reading.failingSince !== null && `, since ${formatTimeOfDay(reading.failingSince)}`}.{' '}
        </>
      ) : (
        'Observed '
      )}
      <Age at={reading.observedAt} everyMs={reading.everyMs} ago />
    </p>
  )
}

function Facts({ children }: { children: ReactNode }) {
  return <dl className="grid grid-cols-[136px_1fr] gap-x-3 gap-y-1.5 text-12">{children}</dl>
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-text-3">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </>
  )
}

function ReadingFact<T>({ name, reading, show }: { name: string; reading: Reading<T>; show: (value: T) => string }) {
  return (
    <Fact name={name}>
      <span className="flex flex-wrap items-baseline justify-between gap-x-2">
        <span className="mono break-all">{reading.value === null ? dash : show(reading.value)}</span>
        <Age at={reading.observedAt} everyMs={reading.everyMs} />
      </span>
      {reading.error && <span className="block text-text-3">{reading.error}</span>}
    </Fact>
  )
}

/** "3 active", "2 active; castmatch_x inactive, keeps 1.2 GB". */
function slotWords(slots: SlotView[]): string {
  const active = slots.filter((slot) => slot.active).length
  const idle = slots
    .filter((slot) => !slot.active)
    .map((slot) => `${slot.name} inactive, keeps ${formatBytes(slot.retainedBytes)}`)
  return [`${active} active`, ...idle].join('; ')
}
