/** The protocol's own grammar: forms in, XML out, and the memory of what was true. */

import fc from 'fast-check'
import { XMLParser } from 'fast-xml-parser'
import { expect, test } from 'vitest'
import { ViewHistory } from './history'
import { Parameters } from './parameters'
import type { LabView } from './view'
import { element, xmlList } from './xml'

test('any text survives the way through XML', () => {
  const parser = new XMLParser({ trimValues: false, parseTagValue: false, htmlEntities: true })
  const readable = fc.string({ unit: 'grapheme' }).filter((text) => !/[\p{Cc}\ufffe\uffff]/u.test(text))
  fc.assert(
    fc.property(readable, (text) => {
      expect(parser.parse(element('a', { b: text })).a.b ?? '').toBe(text)
    }),
  )
})

test('characters that XML cannot hold are replaced, and tags cannot be smuggled in', () => {
  expect(element('a', 'x\u0000y\u001b</a><b>')).toBe('<a>x\ufffdy\ufffd&lt;/a&gt;&lt;b&gt;</a>')
})

test('absent members leave no element, empty lists leave an empty one', () => {
  const at = new Date(1_770_000_000_123)
  expect(element('R', { a: null, b: undefined, c: '', d: false, e: xmlList('item', []), f: at })).toBe(
    '<R><c></c><d>false</d><e></e><f>2026-02-02T02:40:00.123Z</f></R>',
  )
  expect(element('R', xmlList('item', ['1', { x: 2 }]))).toBe('<R><item>1</item><item><x>2</x></item></R>')
})

test('lists are read in the order of their numbers, not of their arrival', () => {
  const form = new URLSearchParams()
  for (const n of [11, 2, 1]) form.append(`VpcSecurityGroupIds.VpcSecurityGroupId.${n}`, `sg-${n}`)
  form.append('Filters.Filter.1.Name', 'db-instance-id')
  form.append('Filters.Filter.1.Values.Value.2', 'b')
  form.append('Filters.Filter.1.Values.Value.1', 'a')
  const parameters = new Parameters(form)
  expect(parameters.texts('VpcSecurityGroupIds')).toEqual(['sg-1', 'sg-2', 'sg-11'])
  expect(parameters.filters()).toEqual([{ name: 'db-instance-id', values: ['a', 'b'] }])
  expect(parameters.texts('Absent')).toBeNull()
})

test('hostile member names stay data', () => {
  const form = new URLSearchParams('__proto__.polluted=yes&constructor.prototype.polluted=yes&a.__proto__=1')
  const parameters = new Parameters(form)
  expect(Object.keys(parameters.toObject())).toEqual(['__proto__', 'constructor', 'a'])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test.each(['1.5', 'many', '', '9'.repeat(40)])('"%s" is no number', (value) => {
  expect(() => new Parameters(new URLSearchParams({ MaxRecords: value })).integer('MaxRecords')).toThrow('MaxRecords')
})

test('a time without an offset is UTC', () => {
  const time = (value: string) => new Parameters(new URLSearchParams({ StartTime: value })).time('StartTime')
  expect(time('2026-02-02T02:40:00')).toBe(1_770_000_000_000)
  expect(time('2026-02-02T03:40:00+01:00')).toBe(1_770_000_000_000)
  expect(() => time('yesterday')).toThrow('StartTime')
})

test('the past is found as it was, and forgotten in order', () => {
  const history = new ViewHistory()
  const view = (at: number, writerId: string) => ({ at, cluster: { writerId } }) as LabView
  expect(history.asOf(5)).toBeNull()
  history.add(view(10, 'a'))
  history.add(view(20, 'a'))
  history.add(view(30, 'b'))
  expect(history.asOf(30)?.cluster.writerId).toBe('a')
  expect(history.asOf(31)?.cluster.writerId).toBe('b')
  expect(history.asOf(1)?.cluster.writerId).toBe('a')
  history.add(view(30 + 60 * 60_000, 'c'))
  // An hour on, what held for that hour is still known; what came before it is not.
  expect(history.asOf(30 * 60_000)?.cluster.writerId).toBe('b')
  expect(history.asOf(15)?.cluster.writerId).toBe('b')
})
