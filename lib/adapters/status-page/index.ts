import { cutText } from '../../domain/text'
import type { Chat, Taken } from '../../ports/chat'
import { objectIn, postJson, type Reading } from '../../ports/http-post'

interface StatusPageSettings {
  url: string
  token: string
  limitMs?: number
}

/** Posts an update for the public as JSON; the key goes along as Idempotency-Key. */
export function createStatusPage(settings: StatusPageSettings): Chat {
  return {
    say: (key, { text, title }) =>
      postJson(
        'The status page',
        settings.url,
        {
          headers: { authorization: `Bearer ${settings.token}`, 'idempotency-key': key },
          body: JSON.stringify({ title, text }),
        },
        settings.limitMs ?? 8_000,
        read,
      ),
  }
}

/** A webhook answers with an object or with nothing: a 2xx takes the update, and an object with any other status refuses it. */
function read(text: string, status: number): Reading<Taken> {
  const taken = status >= 200 && status < 300
  if (taken && text.trim() === '') return { means: 'done', value: { reference: null } }
  const answer = objectIn(text)
  if (!answer) return { means: 'unreadable' }
  if (!taken) return { means: 'refused', why: null }
  const { id } = answer
  const named = typeof id === 'string' || typeof id === 'number'
  return { means: 'done', value: { reference: named ? cutText(String(id), 100) : null } }
}
