// The order is what keeps two writers from taking writes at once: clients are held before anything moves, the old writer is
// closed before they are let through, and nothing is closed before somebody said yes.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { faultOfStages } from '../../domain/run/stage'
import { definitionHash, type Surroundings } from '../contract'
import { procedures } from '../index'
import { everything } from '../testing/surroundings'
import { primaryFailover } from '.'

const orderIn = (surroundings: Surroundings) => primaryFailover.steps(surroundings).map((step) => step.id)

test('of a failover with a pooler, a quarantine group and workloads', () => {
  expect(orderIn(everything)).toEqual([
    'confirm',
    'baseline',
    'approve',
    'hold-traffic',
    'fence-first',
    'fail-over',
    'fence',
    'switch-pooler',
    'switch-api',
    'readers-follow',
    'verify-recovery',
    'left-sessions',
    'close',
  ])
})

test('of a failover without any of them', () => {
  const aws = { ...everything.aws, quarantineSecurityGroupId: null }
  expect(orderIn({ ...everything, aws, poolers: [], kubernetes: null })).toEqual([
    'confirm',
    'baseline',
    'approve',
    'fail-over',
    'fence',
    'readers-follow',
    'verify-recovery',
    'left-sessions',
    'close',
  ])
})

test('a step is numbered by its place, so that no number is missing or given twice', () => {
  for (const surroundings of [everything, { ...everything, poolers: [] }, { ...everything, kubernetes: null }]) {
    const steps = primaryFailover.steps(surroundings)
    expect(steps.map((step) => step.number)).toEqual(steps.map((_step, index) => `P1.${index + 1}`))
  }
})

test('a shared step names no procedure, and a title is written once', () => {
  const folder = join(__dirname, '..')
  const read = (file: string) => readFileSync(join(folder, file), 'utf8')
  const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.includes('.test.'),
  )
  const shared = sources.filter((file) => file.startsWith('steps/'))
  expect(shared.length).toBeGreaterThan(5)
  expect(shared.filter((file) => /\bP[1-9]\b|primary-failover|[Ff]ailoverF|FailoverI/.test(read(file)))).toEqual([])
  expect(sources.filter((file) => /\bP1\.\d/.test(read(file).replace(/"P1\.5"/g, '')))).toEqual([])
  const titles = sources.flatMap((file) => read(file).match(/(?<=^ {2}title: )'.*'(?=,$)/gm) ?? [])
  expect(titles.length).toBeGreaterThan(8)
  expect(titles.filter((title, at) => titles.indexOf(title) !== at)).toEqual([])
})

test('no procedure of the catalogue has a stage that cannot be run', () => {
  for (const procedure of procedures) expect(faultOfStages(procedure.steps(everything))).toBeNull()
})

test('a step whose stage has changed is not the step that a run started with', () => {
  const [step] = primaryFailover.steps(everything)
  if (!step) throw new Error('P1 has steps')
  const stage = { id: 'two', title: 'Two', atOnce: 2, whenOneFails: 'others-hold' as const }
  const hashes = [step, { ...step, stage }, { ...step, stage: { ...stage, atOnce: 3 } }].map((s) =>
    definitionHash(1, s),
  )
  expect(new Set(hashes).size).toBe(3)
})
