import { stageScene } from '../lib/runner/testing/scene'
import { courses, drive } from '../lib/runner/testing/topologies'

/*
 * topologies [WORD]   drives a primary failover to its end on each shape that the lab serves, once by each way of leading
 *                     the application over, and says what was called, where the pods went and what they lost. WORD takes
 *                     those whose name has it. One JSON line for each; exit code 1 when any does not end as it must.
 */
const word = process.argv[2] ?? ''
for (const [shape, course] of courses) {
  if (!course.name.includes(word)) continue
  const scene = await stageScene(21_300, shape)
  const begun = Date.now()
  try {
    scene.startRunner()
    const { output, ...driven } = await drive(scene, course)
    process.stdout.write(`${JSON.stringify({ ...driven, ms: Date.now() - begun })}\n`)
    if (!driven.ok || process.env.SHOW_OUTPUT) process.stdout.write(`${output}\n`)
    if (!driven.ok) process.exitCode = 1
  } catch (error) {
    process.stdout.write(`${course.name}: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  } finally {
    await scene.end()
  }
}
