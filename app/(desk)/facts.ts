import { cache } from 'react'
import { firstWish, notesWish, type TimelineWish, timelinePageSize } from '@/lib/queries/keys'
import { readIncidentFor, readTimelineOf } from '@/lib/views/incident'
import { readIncidents } from '@/lib/views/incident-list'
import { readRunFor } from '@/lib/views/run'
import { pageContext } from '@/lib/web/view-context'

/* What the frame and its page both show is read once for each answer. */

const viewer = cache(async () => pageContext())
export const openIncidents = cache(async () => readIncidents(await viewer(), { openOnly: true }))
export const incidentOf = cache(async (number: number) => readIncidentFor(await viewer(), number))
export const runOf = cache(async (id: string) => readRunFor(await viewer(), id))

const newestPage = async (number: number, { scope, kinds }: TimelineWish) =>
  readTimelineOf(await viewer(), {
    number,
    scope,
    ...(kinds.length ? { kinds } : {}),
    limit: timelinePageSize,
  })
export const storyOf = (number: number) => newestPage(number, firstWish)
export const notesOf = (number: number) => newestPage(number, notesWish)
