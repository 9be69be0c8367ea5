import 'server-only'
import { checklistItems } from '../../domain/checklist/items'
import type { ChecklistState, ChecklistView } from '../../domain/incident/view'
import { readChecklist, readEvidence } from '../../store/checklist'
import { webStore } from '../store'
import { type Person, rightTo, unless } from './rights'

const db = () => webStore().prisma

/** The ten items as `me` sees them, each with its newest evidence. Throws ExpectedError. */
export async function readChecklistOf(number: number, open: boolean, me: Person): Promise<ChecklistView> {
  const [items, evidence] = await Promise.all([readChecklist(db(), number), readEvidence(db(), number, 5)])
  const byKey = new Map(items.map((item) => [item.key, item]))
  const mayWrite = unless(rightTo(me, 'note'), open ? null : 'This incident is over.')
  const views = checklistItems.map((definition) => {
    const item = byKey.get(definition.key)
    return {
      ...definition,
      state: (item?.state ?? 'not-run') as ChecklistState,
      says: item?.says ?? 'Nobody has looked yet.',
      checkedAt: item?.checkedAt ?? null,
      reopened: item?.reopened ?? false,
      handTick: item?.state === 'hand' ? item.hand : null,
      evidence: evidence.get(definition.key) ?? [],
      mayRun: mayWrite,
      mayTick: unless(rightTo(me, 'declare'), open ? null : 'This incident is over.'),
    }
  })
  return {
    items: views,
    passed: views.filter(({ state }) => state === 'pass' || state === 'hand').length,
    of: views.length,
    lastProbeAt: views.reduce<number | null>(
      (last, { checkedAt }) => (checkedAt === null ? last : Math.max(last ?? 0, checkedAt)),
      null,
    ),
  }
}
