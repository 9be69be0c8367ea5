import { isRolesOf, isSidecarOf, kindOf } from '../domain/backups/names'
import type { BucketListing, CatalogueSample, Place, StoredObject } from '../domain/backups/types'
import type { Backups } from '../ports/backups'
import { PortError } from '../ports/port-error'

/** So many of the newest backups of a bucket are examined, this many at a time. */
const examined = 60
const atOnce = 4

/** Both buckets as they are now; what cannot be read says why, and the other one is read all the same. */
export async function readBuckets(port: Backups, at: number, signal: AbortSignal): Promise<CatalogueSample> {
  const { copy } = port.buckets
  const [own, away] = await Promise.all([
    readBucket(port, 'own', port.buckets.own, signal),
    copy ? readBucket(port, 'copy', copy, signal) : null,
  ])
  return { at, own, copy: away }
}

async function readBucket(
  port: Backups,
  place: Place,
  where: { bucket: string; region: string },
  signal: AbortSignal,
): Promise<BucketListing> {
  let listed: StoredObject[]
  try {
    listed = await port.list(place, signal)
  } catch (error) {
    if (!(error instanceof PortError)) throw error
    return { ...where, objects: [], older: 0, error: error.message, headError: null }
  }
  const backups = listed
    .filter(({ key }) => kindOf(key) === 'backup')
    .sort((a, b) => b.uploadedAt - a.uploadedAt || (a.key < b.key ? 1 : -1))
  const newest = backups.slice(0, examined)
  const { heads, headError } = await readHeads(port, place, newest, signal)
  const belonging = listed.filter(
    ({ key }) => kindOf(key) !== 'backup' && newest.some((one) => isSidecarOf(key, one.key) || isRolesOf(key, one.key)),
  )
  return { ...where, objects: [...heads, ...belonging], older: backups.length - newest.length, error: null, headError }
}

/** The objects with their heads. One that was deleted since it was listed is none any more. */
async function readHeads(port: Backups, place: Place, objects: readonly StoredObject[], signal: AbortSignal) {
  const heads: StoredObject[] = []
  let headError: string | null = null
  const left = [...objects]
  const worker = async () => {
    for (let object = left.shift(); object; object = left.shift()) {
      try {
        // Whoever may list and not read would be refused once for each.
        heads.push(headError === null ? { ...object, head: await port.head(place, object, signal) } : object)
      } catch (error) {
        if (!(error instanceof PortError)) throw error
        if (error.errorClass === 'missing') continue
        headError ??= error.message
        heads.push(object)
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { heads, headError }
}
