/** What the sign-in page says for each code; codes come by the address, sentences never do. */
const sentences: Record<string, string> = {
  invalid: 'That login and password do not match an account.',
  CredentialsSignin: 'That login and password do not match an account.',
  conflict: 'This password was good for one sign-in and has been used. Ask an admin of the War Room for a new one.',
  'not-allowed': 'This account may not sign in here. Ask an admin of the War Room.',
  'store-unavailable':
    'The War Room cannot reach its own store, so nobody can sign in at the moment. People who are signed in keep seeing live health. This page works again as soon as the store answers.',
  unavailable:
    'The store does not accept sign-ins from this War Room. An operator must give it the secret of this web; the log says how.',
  unreachable: 'The War Room did not answer. Check your connection and try again.',
  OAuthSignin: 'The single sign-on service cannot be reached. Use a War Room account, or try again in a moment.',
  OAuthCallback: 'The single sign-on service did not confirm who you are. Try again, or use a War Room account.',
  Callback: 'Signing in failed on our side. Try again; the log has the reason.',
}

/** What is said at the field of the login, for a code that is about it alone. */
export const loginSentence = (code: string): string | null =>
  code === 'invalid-login' ? 'This login contains a control character. Type it again.' : null

/** The sentence for a code such as `invalid` or `too-many-attempts:840` (seconds). */
export function sentenceFor(code: string): string {
  const seconds = /^too-many-attempts:(\d{1,6})$/.exec(code)?.[1]
  if (seconds) {
    const minutes = Math.max(1, Math.ceil(Number(seconds) / 60))
    return `Too many attempts. Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}, or ask an admin for a new password.`
  }
  return sentences[code] ?? 'Signing in failed. Try again; the log has the reason.'
}
