/** What the sign-in page says for each code; codes come by the address, sentences never do. */
const sentences: Record<string, string> = {
  invalid: 'That login and password do not match an account.',
  CredentialsSignin: 'That login and password do not match an account.',
  conflict: 'This one-time password has already been used. Ask an admin for a new one.',
  'not-allowed': 'This account is not allowed to sign in. Ask an admin.',
  'store-unavailable':
    'Sign-in is unavailable: the War Room cannot reach its store. Signed-in users still see live health. This page recovers when the store does.',
  unavailable:
    'The store rejects sign-ins from this installation. An operator must register its secret; the log explains how.',
  unreachable: 'The War Room did not respond. Check your connection and try again.',
  OAuthSignin: 'The single sign-on service cannot be reached. Use a War Room account, or try again in a moment.',
  OAuthCallback: 'The single sign-on service did not confirm who you are. Try again, or use a War Room account.',
  Callback: 'Sign-in failed because of an internal error. Try again, or ask an operator to check the log.',
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
  return sentences[code] ?? 'Sign-in failed. Try again, or ask an operator to check the log.'
}
