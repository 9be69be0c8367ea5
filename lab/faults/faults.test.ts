import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { LabFault } from '../contract'
import { apiCatalogue } from './api-catalogue'
import { ArmedApiFaults } from './api-faults'
import { FileEffectLog } from './effect-log'
import { FaultRegistry } from './registry'
import { spoils } from './spoilt-reply'

function api() {
  const registry = new FaultRegistry(async () => undefined)
  const faults = new ArmedApiFaults((id) => registry.markSpent(id))
  for (const fault of apiCatalogue(faults)) registry.add(fault)
  const active = () => registry.list().flatMap((fault) => (fault.active ? [fault.id] : []))
  return { registry, faults, active }
}

describe('faults of the API', () => {
  it('strike only the operation and service they name, as often as told, and are then over', async () => {
    const { registry, faults, active } = api()
    await registry.start('api-reply-lost', null, { calls: 2 })
    expect(faults.take('rds', 'DescribeDBClusters')).toBeNull()
    expect(faults.take('kubernetes', 'FailoverDBCluster')).toBeNull()
    expect(faults.take('rds', 'FailoverDBCluster')).toMatchObject({ kind: 'reset', when: 'after' })
    expect(active()).toEqual(['api-reply-lost'])
    expect(faults.take('rds', 'FailoverDBCluster')).toMatchObject({ kind: 'reset' })
    expect(faults.take('rds', 'FailoverDBCluster')).toBeNull()
    expect(active()).toEqual([])
  })

  it.each(spoils)('can have a reply $title, once, after the effect of the operation they name', async ({ how }) => {
    const { registry, faults, active } = api()
    await registry.start(`api-reply-${how}`, 'kubernetes', { operation: 'PatchDeployment' })
    expect(faults.take('kubernetes', 'GetDeployment')).toBeNull()
    expect(faults.take('kubernetes', 'PatchDeployment')).toMatchObject({ kind: 'spoilt-reply', how, when: 'after' })
    expect(faults.take('kubernetes', 'PatchDeployment')).toBeNull()
    expect(active()).toEqual([])
  })

  it('go on until healed when no number is given, for every call', async () => {
    const { registry, faults } = api()
    await registry.start('api-500', null, { when: 'after' })
    for (let i = 0; i < 50; i++) expect(faults.take('sts', 'GetCallerIdentity')).toMatchObject({ when: 'after' })
    await registry.heal('api-500')
    expect(faults.take('sts', 'GetCallerIdentity')).toBeNull()
  })

  it('a permission is taken away by name until healed, and no other', async () => {
    const { registry, faults, active } = api()
    await registry.start('permission-denied', null, { actions: 'rds:FailoverDBCluster, rds:ModifyDBInstance' })
    expect(faults.denied('rds:ModifyDBInstance')).toBe('implicit')
    expect(faults.denied('rds:DescribeDBClusters')).toBeNull()
    await registry.start('permission-denied', null, { how: 'boundary' })
    expect([faults.denied('rds:FailoverDBCluster'), faults.denied('rds:ModifyDBInstance')]).toEqual(['boundary', null])
    await registry.heal('permission-denied')
    expect([faults.denied('rds:FailoverDBCluster'), active()]).toEqual([null, []])
    await expect(registry.start('permission-denied', null, { how: 'magic' })).rejects.toThrow('how must be one of')
    await expect(registry.start('permission-denied', null, { actions: '*' })).rejects.toThrow('"*" is no action')
  })

  it('a stale describe tells since when it is stale, and never changes a call', async () => {
    const { registry, faults, active } = api()
    const before = Date.now()
    await registry.start('stale-describes', null, { seconds: 100 })
    expect(faults.staleSince()).toBeGreaterThanOrEqual(before)
    expect(faults.take('rds', 'DescribeDBClusters')).toBeNull()
    await registry.healAll()
    expect([faults.staleSince(), active()]).toEqual([null, []])
  })

  it('a stale describe ends by itself', async () => {
    const { registry, faults, active } = api()
    await registry.start('stale-describes', null, { seconds: 0 })
    await new Promise((done) => setTimeout(done, 5))
    expect([faults.staleSince(), active()]).toEqual([null, []])
  })
})

describe('the catalogue', () => {
  it('refuses what it does not know, in a sentence, and starts nothing', async () => {
    const { registry, active } = api()
    await expect(registry.start('flood', null, {})).rejects.toThrow(/There is no fault "flood"/)
    await expect(registry.start('api-hang', 'dns', {})).rejects.toThrow(/"dns" is no target of api-hang; choose rds/)
    await expect(registry.start('api-hang', null, { colour: 1 })).rejects.toThrow(/no parameter "colour"/)
    await expect(registry.start('api-hang', null, { calls: 'many' })).rejects.toThrow(/calls must be a number/)
    expect(active()).toEqual([])
  })

  it('shows a fault only while it holds, and repairs even when one fault cannot be undone', async () => {
    let repaired = 0
    let holds = true
    const registry = new FaultRegistry(async () => {
      repaired += 1
    })
    const stubborn: LabFault = {
      id: 'stubborn',
      title: 'Stubborn',
      group: 'Servers',
      targets: () => [],
      parameters: [],
      start: async () => undefined,
      heal: async () => {
        throw new Error('cannot')
      },
      holds: () => holds,
    }
    registry.add(stubborn)
    await registry.start('stubborn', null, {})
    expect(registry.list()[0]?.active).not.toBeNull()
    holds = false
    expect(registry.list()[0]?.active).toBeNull()
    await registry.healAll()
    expect(repaired).toBe(1)
  })
})

describe('the log of effects', () => {
  const directory = mkdtempSync(join(tmpdir(), 'wr-log-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))

  it('survives a restart, a cut last line included, and goes on counting', () => {
    const file = join(directory, 'effects.jsonl')
    const entry = {
      service: 'rds' as const,
      operation: 'FailoverDBCluster',
      parameters: { DBClusterIdentifier: 'x' },
      effective: true,
      answered: 'none' as const,
      status: null,
    }
    const log = new FileEffectLog(file)
    log.append(entry)
    log.append(entry)
    appendFileSync(file, '{"n":3,"at":1')
    const later = new FileEffectLog(file)
    expect(later.append(entry).n).toBe(3)
    expect(later.list(1).map((each) => each.n)).toEqual([2, 3])
    expect(new FileEffectLog(file).list().map((each) => each.n)).toEqual([1, 2, 3])
  })
})
