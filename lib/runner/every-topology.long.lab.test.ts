// The failover on each shape of a database that the lab can serve, by each way of leading the application over. The promotion of
// a lone instance's replica has a test of its own.
import { expect, test } from 'vitest'
import { stageScene } from './testing/scene'
import { courses, drive, promotion } from './testing/topologies'

const others = courses.filter(([, course]) => course !== promotion)

test.each(others.map(([shape, course]) => [course.name, shape, course] as const))(
  '%s: it ends with one writer, and the application there',
  { timeout: 150_000 },
  async (_name, shape, course) => {
    const scene = await stageScene(21_400, shape)
    try {
      scene.startRunner()
      const driven = await drive(scene, course)
      expect(driven.ok, `${driven.sentence}\n${driven.output}`).toBe(true)
    } finally {
      await scene.end()
    }
  },
)
