import { expect, test } from 'vitest'
import type { Store } from './client'
import { ask, call, query } from './query'

function failing(times: number, code: string) {
  let asked = 0
  const pool = {
    query: async () => {
      asked += 1
      if (asked <= times) throw Object.assign(new Error('no'), { code })
      return { rowCount: 1, rows: [] }
    },
  } as unknown as Store['pool']
  return { store: { pool }, asked: () => asked }
}

test('a statement that PostgreSQL ended because two waited for each other is repeated, a few times', async () => {
  const twice = failing(2, '40P01')
  expect(await query(twice.store, 'SELECT 1', [])).toMatchObject({ rowCount: 1 })
  const always = failing(9, '40P01')
  await expect(query(always.store, 'SELECT 1', [])).rejects.toMatchObject({ code: '40P01' })
  expect(always.asked()).toBe(3)
})

test('any other failure is not repeated: what it left behind is not known', async () => {
  const once = failing(1, '22012')
  await expect(query(once.store, 'SELECT 1', [])).rejects.toMatchObject({ code: '22012' })
  expect(once.asked()).toBe(1)
})

test('a function of the store is called by the names of its parameters', async () => {
  const asked: unknown[] = []
  const pool = {
    query: async (statement: unknown) => {
      asked.push(statement)
      return { rows: [{ run_wish: true }] }
    },
  } as unknown as Store['pool']
  expect(await call({ pool }, 'run_wish', { token: 't', wish: null })).toEqual({ run_wish: true })
  expect(await ask({ pool }, 'run_wish', { wish: null, token: 't' }, true)).toBe(true)
  expect(asked).toEqual([
    { name: undefined, text: 'SELECT * FROM run_wish(p_token => $1, p_wish => $2)', values: ['t', null] },
    { name: 'run_wish', text: 'SELECT * FROM run_wish(p_wish => $1, p_token => $2)', values: [null, 't'] },
  ])
})
