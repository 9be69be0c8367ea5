import type { Figure } from './figure'
import { residentMb, startProduct } from './product'

/** `npm start` with packages and build present: first start on an empty data directory, then again on its data. */
export async function run(): Promise<Figure[]> {
  const product = await startProduct(24_000)
  try {
    const again = await product.restart()
    const figure = (metric: string, ours: number, unit: string, limit: number): Figure => ({
      bench: 'start',
      metric,
      ours: Number(ours.toFixed(1)),
      theirs: null,
      unit,
      n: 1,
      goal: `<= ${limit} ${unit}`,
      met: ours <= limit,
    })
    const pids = product.pids
    return [
      figure('first start to live lag', product.startSeconds, 's', 15),
      figure('second start to live lag', again, 's', 15),
      figure('web resident memory', residentMb(pids.web ?? 0), 'MB', 300),
      figure('runner resident memory', residentMb(pids.runner ?? 0), 'MB', 300),
    ]
  } finally {
    await product.stop()
  }
}
