/*
 * What people typed outlives a reload: it is kept with the tab, by the names of its fields, and put back where these are. Never a
 * password.
 */

const storageKey = 'warroom-typed'
/** Fields that open later, in a dialog, are filled as well, for this long. */
const keptMs = 10 * 60_000
const kinds =
  'textarea, input:is([type="text"], [type="search"], [type="number"], [type="url"], [type="email"], :not([type]))'

type Field = HTMLInputElement | HTMLTextAreaElement
interface Kept {
  path: string
  at: number
  fields: { name: string; value: string }[]
}

/** Each field by the name that people read, and by its number among those of one name. */
function named(): Map<string, Field> {
  const found = new Map<string, Field>()
  for (const field of document.querySelectorAll<Field>(kinds)) {
    const name = field.ariaLabel ?? field.labels?.[0]?.textContent ?? field.name
    let n = 0
    while (found.has(`${name} ${n}`)) n++
    found.set(`${name} ${n}`, field)
  }
  return found
}

/** Keeps what stands in the fields of this page. */
export function keepTyped(): void {
  const fields = [...named()].flatMap(([name, { value }]) => (value === '' ? [] : [{ name, value }]))
  const kept: Kept = { path: window.location.pathname, at: Date.now(), fields }
  try {
    sessionStorage.setItem(storageKey, JSON.stringify(kept))
  } catch {
    // A browser without storage cannot keep it.
  }
}

function taken(): Kept | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(storageKey) ?? 'null') as Kept | null
    sessionStorage.removeItem(storageKey)
    return kept && kept.path === window.location.pathname && Date.now() - kept.at < keptMs ? kept : null
  } catch {
    return null
  }
}

/** Puts back what was kept, now and as fields appear; what a person has typed since is left alone. Answers how to stop. */
export function restoreTyped(): (() => void) | undefined {
  const kept = taken()
  if (!kept || kept.fields.length === 0) return
  const open = new Map(kept.fields.map(({ name, value }) => [name, value]))
  const fill = () => {
    for (const [name, field] of named()) {
      const value = open.get(name)
      if (value === undefined) continue
      open.delete(name)
      if (field.value === '') write(field, value)
    }
    if (open.size === 0) watch.disconnect()
  }
  const watch = new MutationObserver(fill)
  watch.observe(document.body, { subtree: true, childList: true })
  const end = setTimeout(() => watch.disconnect(), keptMs)
  fill()
  return () => {
    clearTimeout(end)
    watch.disconnect()
  }
}

/** As if a person had typed it: React hears of it by the event. */
function write(field: Field, value: string): void {
  const kind = field instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement
  Object.getOwnPropertyDescriptor(kind.prototype, 'value')?.set?.call(field, value)
  field.dispatchEvent(new Event('input', { bubbles: true }))
}
