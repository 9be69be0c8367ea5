import { AwsError } from '../aws/errors'

/** An element with its children; `text` is what stands in it besides them. */
export interface XmlElement {
  name: string
  text: string
  children: XmlElement[]
}

const invalid = () => new AwsError('InvalidInput', 'Invalid XML ; javax.xml.stream.XMLStreamException: not well-formed')

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const unescaped = (text: string) =>
  text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (_, hex, decimal, name) => {
    if (name !== undefined) return entities[name] ?? ''
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
  })

/** A request's document, as the SDK and the CLI write it: elements and text, no declarations. Throws AwsError InvalidInput. */
export function readXml(text: string): XmlElement {
  const open: XmlElement[] = [{ name: '', text: '', children: [] }]
  for (const [, prolog, closing, name, selfClosing, content] of text.matchAll(
    /(<\?[^>]*\?>)|<(\/?)([A-Za-z][\w.-]*)(?:\s[^<>]*?)?(\/?)>|([^<]+|<)/g,
  )) {
    if (prolog !== undefined) continue
    const parent = open.at(-1)
    if (!parent || content === '<') throw invalid()
    if (content !== undefined) {
      parent.text += unescaped(content)
    } else if (closing === '/') {
      const closed = open.pop()
      if (open.length === 0 || closed?.name !== name) throw invalid()
    } else {
      const element = { name: name ?? '', text: '', children: [] }
      parent.children.push(element)
      if (selfClosing !== '/') open.push(element)
    }
  }
  const root = open[0]?.children[0]
  if (!root || open.length !== 1) throw invalid()
  return root
}

export const child = (element: XmlElement, name: string): XmlElement | null =>
  element.children.find((one) => one.name === name) ?? null

/** The text of a child; null when there is none. */
export const textOf = (element: XmlElement, name: string): string | null => child(element, name)?.text.trim() ?? null
