/** A person's way in over plain HTTP: one-click sign-in of the lab, cookies kept. */
export class Visitor {
  private readonly jar = new Map<string, string>()
  constructor(readonly url: string) {}

  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, cookie: this.cookie },
    })
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      this.jar.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return response
  }

  /** Signs in by the lab's role button. Throws when the product refuses. */
  async signIn(role: string): Promise<this> {
    const { csrfToken } = (await (await this.fetch('/api/auth/csrf')).json()) as { csrfToken: string }
    await this.fetch('/api/auth/callback/lab-role', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.url },
      body: new URLSearchParams({ csrfToken, role, callbackUrl: this.url, json: 'true' }),
    })
    const session = await this.fetch('/api/snapshot')
    if (session.status !== 200) throw new Error(`signing in as ${role} did not succeed (${session.status})`)
    return this
  }
}
