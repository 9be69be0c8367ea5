import { LabUnfit } from '../lib/runner/testing/drives/drive'
import { failOver, fates, type Outcome, witnessLab } from '../lib/runner/testing/many-failovers'
import { type Scene, stageScene } from '../lib/runner/testing/scene'
import type { WriterWitness } from '../lib/runner/testing/writer-witness'

/*
 * failovers [COUNT] [SEED]
 *   one failover after another (300) through the product on one lab, each with its own bad luck: the writer lives, dies or
 *   freezes, the runner is killed, calls are throttled, fail, hang or lose their reply. Somebody writes all the time by
 *   every way that the application has. Shown: never two writers, one failover for each run, and no more lost than was
 *   shown before. One JSON line for each; exit code 1 when any ends otherwise. The same SEED has the same luck.
 */
const count = Number(process.argv[2] ?? 300)
const seed = Number(process.argv[3] ?? 1)
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
  process.stderr.write('failovers [COUNT] [SEED]\n')
  process.exit(2)
}
const print = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)
const outcomes: Outcome[] = []
let labsMadeAnew = 0
let staged: { scene: Scene; witness: WriterWitness } | null = null
const leave = async () => {
  const left = staged
  staged = null
  await left?.witness.end()
  await left?.scene.end()
}
const nextFate = fates(seed)
try {
  for (let fate = nextFate(); outcomes.length < count; ) {
    if (!staged) {
      const scene = await stageScene(22_160)
      staged = { scene, witness: witnessLab(scene.lab.lab) }
    }
    try {
      const outcome = await failOver(staged.scene, staged.witness, fate)
      outcomes.push(outcome)
      print({ n: outcomes.length, ...outcome })
      fate = nextFate()
      // A run that is not at its end holds the cluster.
      if (outcome.state !== 'done') await leave()
    } catch (error) {
      if (!(error instanceof LabUnfit) || labsMadeAnew === 20) throw error
      labsMadeAnew += 1
      process.stderr.write(`failovers: ${error.message}; the lab is created again\n`)
      await leave()
    }
  }
} finally {
  await leave()
}
const many = (of: (outcome: Outcome) => boolean) => outcomes.filter(of).length
const bad = many((outcome) => !outcome.ok)
print({
  seed,
  failovers: outcomes.length,
  bad,
  twoWriters: many((o) => o.twoWriters),
  repeated: many((o) => o.failovers > 1),
  lossBeyondShown: many((o) => o.shownLossSeconds !== null && o.lossSeconds > o.shownLossSeconds),
  lossShown: many((o) => o.shownLossSeconds !== null),
  lostSomething: many((o) => o.lostCommits > 0),
  labsMadeAnew,
})
// Ends by itself: a connection that a killed runner left half open would hold the program up.
process.exit(bad > 0 ? 1 : 0)
