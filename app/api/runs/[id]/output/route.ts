import { answer } from '@/lib/web/answer'
import { readOutputOf } from '@/lib/web/readers/run'

export const dynamic = 'force-dynamic'

const whole = (text: string | null, otherwise: number, most: number) => {
  const value = Number(text ?? otherwise)
  return Number.isInteger(value) && value >= 0 ? Math.min(value, most) : otherwise
}

/** Lines of a run's output after a number, oldest first. */
export const GET = (request: Request, { params }: { params: Promise<{ id: string }> }) =>
  answer(async () => {
    const asked = new URL(request.url).searchParams
    const lines = await readOutputOf(
      (await params).id,
      whole(asked.get('after'), 0, Number.MAX_SAFE_INTEGER),
      whole(asked.get('limit'), 2000, 5000),
    )
    return { lines }
  })
