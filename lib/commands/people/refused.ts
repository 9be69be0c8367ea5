import { authenticationNeeded, conflict, ExpectedError, invalidField, notSignedIn } from '../../domain/errors'
import type { PeopleRefusal } from '../../store/people-changes'

/** What a refusal of the store means to the person who asked. `taken` names the field. */
interface RefusalWords {
  changed: string
  taken?: { field: string; message: string }
}

/** Throws the ExpectedError that a refusal means; returns when there is none. */
export function throwRefusal(refusal: PeopleRefusal | null, words: RefusalWords): void {
  switch (refusal) {
    case null:
      return
    case 'not-signed-in':
      throw notSignedIn()
    case 'not-allowed':
      throw new ExpectedError('not-allowed', 'Your role was changed. You may no longer do this.')
    case 'not-fresh':
      throw authenticationNeeded()
    case 'changed':
      throw conflict(words.changed)
    case 'last-admin':
      throw conflict('This is the last admin who can sign in. Make someone else an admin first.')
    case 'taken':
      throw words.taken ? invalidField(words.taken.field, words.taken.message) : conflict(words.changed)
  }
}
