import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ConfigError } from './environment'
import { readVantageEnv } from './vantage-env'

const example = join(import.meta.dirname, '../../docs/deployment/environment.example.json')
const files = mkdtempSync(join(tmpdir(), 'wr-vantage-env-'))
afterAll(() => rmSync(files, { recursive: true, force: true }))

const whole = {
  WARROOM_CONFIG: example,
  WARROOM_VANTAGE_SECRET: 's'.repeat(32),
  WARROOM_DB_PASSWORD: 'word',
}
const problemsOf = (source: Record<string, string>): readonly string[] => {
  try {
    readVantageEnv(source as unknown as NodeJS.ProcessEnv)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

test('the collector in the other region starts with the environment file of the deployment guide', () => {
  expect(readVantageEnv(whole as unknown as NodeJS.ProcessEnv)).toMatchObject({
    VANTAGE_PORT: 3008,
    secret: whole.WARROOM_VANTAGE_SECRET,
    databasePassword: 'word',
  })
})

test('it ends with the whole list of what is missing or wrong', () => {
  expect(problemsOf({})).toEqual(['WARROOM_CONFIG is missing'])
  expect(problemsOf({ WARROOM_CONFIG: example, VANTAGE_HOST: '0.0.0.0', VANTAGE_TLS_CERT: '/cert.pem' })).toEqual([
    'WARROOM_DB_PASSWORD is missing (named by WARROOM_CONFIG)',
    'WARROOM_VANTAGE_SECRET is missing (named by WARROOM_CONFIG)',
    'VANTAGE_TLS_CERT and VANTAGE_TLS_KEY must be set together',
  ])
  expect(problemsOf({ ...whole, WARROOM_VANTAGE_SECRET: 'short' })).toEqual([
    'WARROOM_VANTAGE_SECRET: at least 32 characters',
  ])
  expect(problemsOf({ ...whole, VANTAGE_HOST: '0.0.0.0' }).join()).toContain('VANTAGE_HOST')
})

test('one that nobody would ask is not started', () => {
  const alone = join(files, 'environment.json')
  writeFileSync(alone, JSON.stringify({ ...JSON.parse(readFileSync(example, 'utf8')), vantage: null }))
  expect(problemsOf({ ...whole, WARROOM_CONFIG: alone })[0]).toBe(
    'vantage is missing in WARROOM_CONFIG: nobody would ask this collector',
  )
})
