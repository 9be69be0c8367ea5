import { parseAst } from 'vitest/node'

export const maxWords = 20

const refused = (word: string, instead: string, pattern = new RegExp(`\\b(?:${word})\\b`, 'i')) => ({
  word,
  instead,
  pattern,
})

/** What the product does not say, and what it says instead. Where one thing had two names, one of them is here. */
export const refusedWords = [
  refused('please|oops', 'left out'),
  refused('anew', 'again'),
  refused('by hand', 'manually'),
  refused('somebody|everybody', 'someone, everyone'),
  refused('all the same', 'anyway'),
  refused('at once', 'immediately'),
  refused('meanwhile|in the meantime', 'since then'),
  refused('goes on|go on|went on', 'continues', /\b(goes|go|went) on\b(?! with the other)/i),
  refused('(does|did|do|has|have) not answer(ed)?|answers again', 'respond'),
  refused('not known', 'unknown', /(?<!yet )\bnot known\b/i),
  refused('picture', 'snapshot, state'),
  refused('never seen|not seen|is seen|was seen', 'observed'),
  refused('unproved|unprovable|proved', 'verified'),
  refused('owed|owes', 'open'),
  refused('is whole|not whole', 'intact'),
  refused('way back|put back|puts back|taken back', 'rollback, restore'),
  refused('stands|dwells', 'is'),
  refused('fell|falls', 'expired, is invalidated', /\b(fell|falls)\b(?! back)/i),
  refused('led to|leads to|led there|leads all|leads pods', 'is routed to, resolves to'),
  refused('looked at|looks at|looked through|looked for|looks for', 'checked'),
  refused('trouble|troubled|blind', 'problem, degraded'),
  refused('a yes|says yes|say yes', 'approval'),
  refused('broke the glass|breaks glass|break the glass', 'use break-glass'),
  refused('RDS says|AWS says|says nothing|told no|tells no|has told|not told', 'reports'),
  refused('begun|begins anew', 'started'),
  refused('heal everything|broken on purpose', 'clear faults, active faults'),
  refused('palette', 'command menu'),
  refused('recovery point objective|recovery time objective', 'RPO, RTO'),
  refused('restorable moment', 'restorable time'),
  refused('set aside|set the diagnosis aside', 'override'),
  refused('tick|ticked', 'mark as checked, select'),
  refused('already so|is so now|as it should be', 'already done, current'),
  { word: 'an exclamation mark', instead: 'a full stop', pattern: /[a-z]!(\s|$)/ },
]

type Text = { where: string; text: string }
type Node = { type: string; start: number } & Record<string, unknown>

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

/** Attributes whose value nobody reads. */
const unread = /^(className|style|d|viewBox|rel|href|key|id|type)$/
/** Code that is no text for people: SQL, styles and expressions of a shell or a browser. */
const isCode = (text: string) =>
  /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|ALTER|GRANT|REVOKE|SET LOCAL|CASE WHEN|COPY|FROM|JOIN|NOT IN|NULL|WHEN)\b/.test(
    text,
  ) || /\b(flex|grid|px-\d|text-\d\d|bg-|border-)/.test(text)

/** The texts of one file that consist of more than one word; what is filled in stands as `…`. */
export function textsOf(path: string, source: string): Text[] {
  const found: Text[] = []
  const add = (node: Node, text: string) => {
    const plain = text.replace(/\s+/g, ' ').trim()
    if (!/[A-Za-z]{2,} .*[A-Za-z]{2,}|[a-z]! ?/.test(plain) || isCode(plain)) return
    found.push({ where: `${path}:${source.slice(0, node.start).split('\n').length}`, text: plain })
  }
  const addLines = (node: Node, text: string) => {
    for (const line of text.split('\n')) add(node, line)
  }
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const child of value) visit(child)
    if (!isNode(value)) return
    const { type } = value
    if (type === 'ImportDeclaration' || /^TS(?!As|Satisfies|NonNull)/.test(type)) return
    if (type === 'JSXAttribute' && isNode(value.name) && unread.test(String(value.name.name))) return
    if (type === 'Literal' && typeof value.value === 'string') addLines(value, value.value)
    else if (type === 'JSXText') add(value, String(value.value))
    else if (type === 'TemplateLiteral' && Array.isArray(value.quasis))
      addLines(value, value.quasis.map((part: { value: { cooked: string } }) => part.value.cooked).join('…'))
    for (const child of Object.values(value)) if (typeof child === 'object') visit(child)
  }
  visit(parseAst(source, { lang: path.endsWith('x') ? 'tsx' : 'ts' }, path))
  return found
}
