/**
 * Sends a form to next-auth by its own endpoints: a token against forged forms first, then the form. Answers the address that
 * comes next; `error` among its parameters says what was wrong. Throws when the War Room does not answer.
 */
export async function postForm(path: string, fields: Record<string, string>): Promise<URL> {
  const { csrfToken } = (await (await fetch('/api/auth/csrf')).json()) as { csrfToken: string }
  const response = await fetch(path, {
    method: 'POST',
    body: new URLSearchParams({ ...fields, csrfToken, json: 'true' }),
  })
  const { url } = (await response.json()) as { url?: string }
  if (!url) throw new Error(`Signing in was answered with ${response.status}`)
  const answer = new URL(url, window.location.href)
  if (!response.ok && !answer.searchParams.has('error')) answer.searchParams.set('error', 'unexpected')
  return answer
}
