import { aboutWriter, withDamage } from '../domain/cluster/damage-verdict'
import { watchWords } from '../domain/cluster/damage-words'
import type { Diagnosis, Snapshot, Vote } from '../domain/cluster/types'
import type { Clock } from '../ports/clock'
import type { CollectorLog, CollectorOutput, CollectorPorts, CollectorSettings } from './contract'
import { meetDamage, readerToCheck } from './damage-sources'
import { DamageWatch, damageStoreEveryMs } from './damage-watch'
import { judge, settle } from './judge'
import { Loop } from './loop'
import { Rollouts } from './rollouts'
import { type Heard, instancesEveryMs, Sources } from './sources'
import type { StoreHealth } from './store-health'
import { Telling } from './telling'
import { emptyWorld, type Origin, type World } from './world'

/** A round of Q1 is told on when all have answered or after this time. */
const roundMs = 100

/**
 * Watches one environment: every source by its own loop and time limit, one picture a second and one at once when the
 * verdict changes. Started when this process leads the collection, stopped when it does not.
 */
export class Collector {
  #world: World
  #origin: Origin
  #sources: Sources | null = null
  #damage: DamageWatch
  #loops: Loop[] = []
  #rounds: Loop | null = null
  #slowSources: Loop[] = []
  #running = false
  #told = ''
  #publishSoon = false
  #roundAt = 0
  readonly #telling: Telling

  constructor(
    private readonly clock: Clock,
    private readonly ports: CollectorPorts,
    private readonly settings: CollectorSettings,
    storeHealth: StoreHealth,
    output: CollectorOutput,
    private readonly log: CollectorLog,
  ) {
    this.#telling = new Telling(clock, settings, storeHealth, output, log)
    const { crossRegionReplicaId: _, ...environment } = settings.environment
    this.#origin = { collector: settings.name, epoch: 0, environment }
    this.#world = this.#freshWorld()
    this.#damage = this.#freshDamage()
  }

  #freshWorld(): World {
    const { poolers, metrics, backups = null, vantage = null, names = null, platformEvents = null } = this.ports
    return emptyWorld(this.clock.now(), {
      poolers,
      metrics: metrics !== null,
      names: names !== null,
      vantage: vantage !== null,
      platformEvents: platformEvents !== null,
      s3Backups: backups !== null,
    })
  }

  #freshDamage(): DamageWatch {
    const { damage } = this.ports
    return new DamageWatch(this.clock, damage, this.settings, () => this.#evaluate(), this.log)
  }

  latest(): Snapshot | null {
    return this.#telling.latest()
  }

  /** The lag of the last hours, kept across terms. */
  get ring(): Telling['ring'] {
    return this.#telling.ring
  }

  get running(): boolean {
    return this.#running
  }

  /** Begins a term of collecting. Needs nothing outside to be up. */
  start(epoch: number): void {
    if (this.#running) return
    this.#running = true
    this.#told = ''
    this.#origin = { ...this.#origin, epoch }
    this.#world = this.#freshWorld()
    const damage = this.#freshDamage()
    this.#damage = damage
    const { tempo } = this.settings
    const onError = (error: unknown) => this.log.warn({ err: error }, 'a probe loop failed')
    const alarmed = (calm: number, busy: number) => () => (this.#suspicious() ? busy : calm)
    const loop = (run: () => Promise<void>, everyMs: () => number, phaseMs?: number) => {
      const made = new Loop(
        this.clock,
        run,
        phaseMs === undefined ? { everyMs, onError } : { everyMs, phaseMs, onError },
      )
      this.#loops.push(made)
      return made
    }
    const sources = new Sources(this.clock, this.ports, this.settings, this.#world, this.#heard(), this.log)
    this.#sources = sources
    sources.recall()
    this.#rounds = loop(() => this.#round(), alarmed(tempo.tickMs, tempo.positionAlarmedMs), 0)
    this.#slowSources = [
      loop(() => sources.askFleet(), alarmed(tempo.rdsMs, tempo.rdsAlarmedMs)),
      loop(() => sources.askEvents(), alarmed(tempo.rdsMs, tempo.rdsAlarmedMs)),
      loop(() => sources.askPoolers(), alarmed(tempo.poolerMs, 1000)),
      loop(
        () => sources.countPoolers(),
        () => instancesEveryMs,
      ),
      loop(() => sources.askMetrics(), alarmed(tempo.metricsMs, 2000)),
    ]
    if (this.ports.vantage)
      loop(
        () => sources.askVantage(),
        () => tempo.vantageMs,
      )
    loop(
      () => sources.askNetwork(),
      () => tempo.networkMs,
    )
    loop(
      () => sources.askNames(),
      () => tempo.networkMs,
    )
    loop(
      () => sources.askPlatform(),
      () => tempo.networkMs,
    )
    loop(
      () => sources.askSlow(),
      () => tempo.replicationMs,
    )
    loop(
      () => sources.askBackups(),
      () => tempo.backupsMs,
    )
    const writerProbe = () => (this.#world.writerId === null ? undefined : this.#world.nodes.get(this.#world.writerId))
    loop(
      async () => {
        damage.met(meetDamage(this.#world))
        const writer = writerProbe()
        if (writer?.accepting) await damage.ask(writer)
      },
      () => tempo.damage.lookMs,
    )
    loop(
      async () => {
        const writer = writerProbe()
        if (writer?.accepting) await damage.readLog(this.ports.fleet, writer.id)
      },
      () => tempo.damage.logMs,
    )
    loop(
      () => damage.checkIndex(readerToCheck(this.#world, this.settings.environment.region, this.clock.now())),
      () => tempo.damage.indexMs,
    )
    loop(
      () => damage.sync(),
      () => damageStoreEveryMs,
    )
    if (this.ports.workloads) {
      const { port, namespace, deployment } = this.ports.workloads
      const watch = port.watch(namespace, deployment)
      this.#world.workload = watch
      const rollouts = new Rollouts((mark) => this.#telling.mark(mark))
      watch.onChange(() => {
        rollouts.look(watch.current().view, this.clock.now())
        this.#evaluate()
      })
    }
    if (this.ports.workloadsElsewhere) {
      const { port, namespace, deployment } = this.ports.workloadsElsewhere
      this.#world.workloadElsewhere = port.watch(namespace, deployment)
      this.#world.workloadElsewhere.onChange(() => this.#evaluate())
    }
    this.#telling.begin(this.#world, this.ports.history)
    for (const l of this.#loops) l.start()
    this.log.info({ epoch }, 'collecting')
  }

  /** Ends the term: closes every connection of the collector. */
  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    for (const l of this.#loops) l.stop()
    this.#loops = []
    this.#slowSources = []
    this.#rounds = null
    this.#telling.end()
    this.#world.workload?.stop()
    this.#world.workloadElsewhere?.stop()
    await this.#sources?.end()
  }

  #suspicious(): boolean {
    const { kind } = this.#world.diagnosis
    return (this.#world.write?.alarm ?? false) || (kind !== 'healthy' && kind !== 'degraded' && kind !== 'unknown')
  }

  async #round(): Promise<void> {
    const world = this.#world
    const startedAt = this.clock.now()
    const { missMs } = this.settings.tempo
    const asked = [...world.nodes.values()].map((n) => {
      // The writer's read probe falls between two write probes: a freeze is noticed by whichever comes first.
      const miss =
        n.id === world.writerId &&
        setTimeout(() => {
          if (this.clock.now() - startedAt < 1.5 * missMs) world.write?.suspect(true)
        }, missMs)
      return n.ask().then((s) => {
        if (miss) clearTimeout(miss)
        // A late answer counts as soon as it is there, without waiting for the next round.
        if (s && this.clock.now() - startedAt > roundMs) this.#settle()
      })
    })
    let timer: NodeJS.Timeout | undefined
    await Promise.race([
      Promise.allSettled(asked),
      new Promise((resolve) => {
        timer = setTimeout(resolve, roundMs)
      }),
    ])
    clearTimeout(timer)
    if (!this.#running || world !== this.#world) return
    this.#settle()
    const second = Math.floor(startedAt / 1000) * 1000
    if (second > this.#roundAt) {
      this.#roundAt = second
      this.#telling.tick(world, second)
      this.#publish()
    }
  }

  #settle(): void {
    if (!this.#running) return
    const { writerId } = this.#world
    settle(this.#world, this.#origin, this.clock.now())
    if (this.#world.writerId !== writerId) this.#sources?.aim()
    this.#evaluate()
  }

  /** What a source brings moves the verdict; an alarm or a lost node asks everyone at once, out of turn. */
  #heard(): Heard {
    return {
      changed: () => this.#evaluate(),
      mark: (mark) => this.#telling.mark(mark),
      moreNodes: () => this.#rounds?.kick(),
      lost: (id) => {
        if (!this.#running) return
        if (id === this.#world.writerId) this.#world.write?.suspect()
        this.#rounds?.kick()
      },
      alarmed: () => {
        this.#evaluate()
        if (!this.#world.write?.alarm) return
        this.#rounds?.kick()
        for (const l of this.#slowSources) l.kick()
      },
    }
  }

  /** Judges again; tells at once when the verdict or a vote changed, else with the next tick. */
  #evaluate(): void {
    if (!this.#running) return
    const verdict = this.#judge()
    const writer = aboutWriter(verdict.diagnosis)
    const now = `${verdict.diagnosis.kind}/${verdict.diagnosis.certainty}/${writer.kind}/${writer.certainty}`
    const votes = `${verdict.diagnosis.recommend} ${verdict.votes.map((v) => v.vote).join()}`
    if (`${now} ${votes}` === this.#told) return
    const changed = this.#told !== '' && !this.#told.startsWith(`${now} `)
    this.#told = `${now} ${votes}`
    if (changed) {
      this.#telling.detected(verdict.diagnosis)
      this.#publish(verdict)
    } else this.#publishVotesSoon()
  }

  /** Votes that change one after the other within a moment make one picture. */
  #publishVotesSoon(): void {
    if (this.#publishSoon) return
    this.#publishSoon = true
    setTimeout(() => {
      this.#publishSoon = false
      if (this.#running) this.#publish()
    }, 30)
  }

  #judge(): { diagnosis: Diagnosis; votes: Vote[] } {
    const now = this.clock.now()
    const { tempo, data } = this.settings
    const { diagnosis, votes } = judge(this.#world, this.#origin, now, tempo)
    const { memory } = this.#damage
    return { diagnosis: withDamage(diagnosis, memory.findings, watchWords(memory, data, tempo.damage, now)), votes }
  }

  #publish(verdict = this.#judge()): void {
    this.#telling.publish(this.#world, this.#origin, verdict)
  }
}
