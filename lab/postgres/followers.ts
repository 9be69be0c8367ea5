import type { Member } from './member'
import type { Platform } from './platform'
import { readPosition, until } from './position'

/** How long a follower may look for its way before it is made anew, ms. */
const patienceMs = 8000

/**
 * Sees to it that whoever should follow the writer does, as the platform does: a follower that cannot find its way, for
 * having received what the new writer never had, or for a copy that was broken off, is made anew. One that a fault
 * holds back is left alone.
 */
export class Followers {
  #underway = new Map<Member, Promise<void>>()
  #watch = 0

  constructor(private readonly cluster: Platform) {}

  /** Looks after every follower from now until it streams or is disturbed; to be called when a disturbance ends. */
  tend(): void {
    const watch = this.#watch
    for (const member of this.cluster.topology.followers) {
      const before = this.#underway.get(member) ?? Promise.resolve()
      const mine = before
        .then(() => this.#tend(member, () => watch === this.#watch && !this.cluster.stopping))
        .finally(() => this.#underway.get(member) === mine && this.#underway.delete(member))
      this.#underway.set(member, mine)
    }
  }

  /** Leaves the followers to whoever asks for it; ends when nothing is being made anew any more. */
  async leave(): Promise<void> {
    this.#watch += 1
    await Promise.all(this.#underway.values())
  }

  async #tend(member: Member, wanted: () => boolean): Promise<void> {
    const { topology } = this.cluster
    const { writer } = topology
    const mine = () =>
      wanted() &&
      this.cluster.status === 'available' &&
      topology.writer === writer &&
      writer.server.state === 'running' &&
      topology.followers.includes(member) &&
      member.link.isNatural
    const undisturbed = () => mine() && member.server.state === 'running' && member.status === 'available'
    const settled = await until(
      async () => {
        if (!undisturbed()) return true
        const position = await readPosition(member, topology.login)
        return position?.streaming === true || position?.paused === true
      },
      patienceMs,
      250,
    )
    const lost = !settled && undisturbed()
    if (!lost && !(mine() && member.status === 'failed')) return
    try {
      await topology.cloneAll([member])
    } catch (error) {
      // Its source may have died under the copy; whoever tends the followers next begins again.
      member.status = 'failed'
      if (wanted())
        console.error(`lab: ${member.id} was not made anew:`, error instanceof Error ? error.message : error)
    }
    this.cluster.changed()
  }
}
