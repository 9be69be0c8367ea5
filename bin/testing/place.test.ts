import { expect, test } from 'vitest'
import { placeOf } from './place'

const at = (source: string, code: string) => {
  const place = placeOf(source, code)
  return typeof place === 'string' ? place : source.slice(place.from, place.to)
}

test('code is found however it is laid out', () => {
  const laidOut = 'return await check(\n    first,\n    second,\n  )'
  expect(at(`async () => {\n  ${laidOut}\n}`, 'return await check(first, second)')).toBe(laidOut)
  expect(at('if(a&&b){', '\n  if (a && b) {\n')).toBe('if(a&&b){')
})

test('other code is not, and what stands twice is not chosen between', () => {
  expect(at('returned(a)', 'return ed(a)')).toBe('missing')
  expect(at('f(a, c)', 'f(a, b)')).toBe('missing')
  expect(at('f(a); f( a )', 'f(a)')).toBe('ambiguous')
  expect(at('costs $1 (a|b)', '$1 (a|b)')).toBe('$1 (a|b)')
})
