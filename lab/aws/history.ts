import type { LabView } from './view'

/** Long enough for any staleness a rehearsal asks for. */
const keptMs = 15 * 60_000
const keptViews = 500

/** What was true when: answers stale describes. */
export class ViewHistory {
  private views: LabView[] = []

  /** Keeps a view; one that differs from the last in nothing but its time is not kept twice. */
  add(view: LabView): void {
    const last = this.views.at(-1)
    if (last && JSON.stringify({ ...last, at: 0 }) === JSON.stringify({ ...view, at: 0 })) return
    this.views.push(view)
    // The oldest view kept may start before the limit: it is what was true at the limit.
    while (this.views.length > keptViews || (this.views[1]?.at ?? Number.POSITIVE_INFINITY) < view.at - keptMs) {
      this.views.shift()
    }
  }

  /** The newest view from before `time` (ms), else the oldest there is. */
  asOf(time: number): LabView | null {
    return this.views.findLast((view) => view.at < time) ?? this.views[0] ?? null
  }
}
