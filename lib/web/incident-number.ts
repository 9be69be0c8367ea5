import { notFound } from '../domain/errors'

/** The number in an address. Throws ExpectedError 'not-found' for anything else. */
export function incidentNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw notFound('This incident')
  return Number(text)
}
