import type { Chat } from '../../ports/chat'
import { postJson, refusedBy } from '../../ports/http-post'

export interface StatusPageSettings {
  url: string
  token: string
  limitMs?: number
}

/** Posts an update for the public as JSON; the key goes along as Idempotency-Key. */
export function createStatusPage(settings: StatusPageSettings): Chat {
  return {
    async say(key, { text, title }) {
      const { status, text: answer } = await postJson(
        'The status page',
        settings.url,
        {
          headers: { authorization: `Bearer ${settings.token}`, 'idempotency-key': key },
          body: JSON.stringify({ title, text }),
        },
        settings.limitMs ?? 8_000,
      )
      if (status < 200 || status > 299) throw refusedBy('The status page', status, `status ${status}`)
      return { reference: idIn(answer) }
    },
  }
}

/** The id in an answer that has one; a webhook may as well say nothing. */
function idIn(answer: string): string | null {
  try {
    const { id } = JSON.parse(answer) as { id?: unknown }
    return typeof id === 'string' || typeof id === 'number' ? String(id).slice(0, 100) : null
  } catch {
    return null
  }
}
