/*
 * RDS names an instance uniquely within one region only: a replica in the recovery region may have the name of a node at
 * home. What we keep, compare and look up is therefore a node's key, never the name that the API of its region uses.
 */

/** No RDS identifier contains it, so the key of a node elsewhere equals no name at home. */
const separator = '/'

/** The key of a node: its name in the home region, "us-east-1/replica-1" in another one. */
export const nodeKey = (name: string, region: string, home: string): string =>
  region === home ? name : `${region}${separator}${name}`

/** What a key was made of: the name for the API, and the region when it is not the home region. */
export function readNodeKey(key: string): { name: string; elsewhere: string | null } {
  const at = key.indexOf(separator)
  return at < 0 ? { name: key, elsewhere: null } : { name: key.slice(at + 1), elsewhere: key.slice(0, at) }
}

/** For people: the name, or what `short` makes of it, and the region when it is another one: "replica-1 (us-east-1)". */
export function nodeWords(key: string, short: (name: string) => string = (name) => name): string {
  const { name, elsewhere } = readNodeKey(key)
  return elsewhere === null ? short(name) : `${short(name)} (${elsewhere})`
}
