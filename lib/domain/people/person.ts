/** A person as everything that names one does. */
export interface PersonRef {
  id: string
  name: string
}
