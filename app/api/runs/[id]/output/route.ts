import { cutText } from '@/lib/domain/text'
import { outputText, readOutputOf, searchOutputOf } from '@/lib/views/run'
import { answer } from '@/lib/web/answer'

export const dynamic = 'force-dynamic'

const whole = (text: string | null, otherwise: number, most: number) => {
  const value = Number(text ?? otherwise)
  return Number.isInteger(value) && value >= 0 ? Math.min(value, most) : otherwise
}

/** Lines of a run's output after a number, or those that hold some words, oldest first; `as=text` is all of it, as a file. */
export const GET = (request: Request, { params }: { params: Promise<{ id: string }> }) =>
  answer(async (context) => {
    const { id } = await params
    const asked = new URL(request.url).searchParams
    const words = cutText(asked.get('search')?.trim() ?? '', 200)
    if (asked.get('as') === 'text')
      return new Response(await outputText(context, id), {
        headers: {
          'content-type': 'text/plain; charset=utf-8',
          'content-disposition': `attachment; filename="run-${id.replace(/[^\w-]/g, '')}.txt"`,
          'cache-control': 'no-store',
        },
      })
    if (words) return await searchOutputOf(context, id, words)
    const lines = await readOutputOf(
      context,
      id,
      whole(asked.get('after'), 0, Number.MAX_SAFE_INTEGER),
      whole(asked.get('limit'), 2000, 5000),
    )
    return { lines }
  })
