import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { entryHash, genesis, type RecordEntry, recordBody, verifyChain, verifyExcerpt } from './chain'

function chainOf(texts: string[]): RecordEntry[] {
  let prevHash = genesis
  return texts.map((text, i) => {
    const entry = {
      n: i + 1,
      at: new Date(1_700_000_000_000 + i).toISOString(),
      body: recordBody({ kind: 'note', actor: { kind: 'runner', name: 'r', epoch: 1 }, text }),
      prevHash,
    }
    prevHash = entryHash(entry)
    return { ...entry, hash: prevHash }
  })
}
const headOf = (entries: RecordEntry[]) => ({ n: entries.length, hash: entries.at(-1)?.hash ?? genesis })
const chains = fc.array(fc.string(), { minLength: 1, maxLength: 12 }).map(chainOf)

describe('the chain', () => {
  test('is whole as written, also when empty', async () => {
    expect(await verifyChain([], { n: 0, hash: genesis })).toMatchObject({ whole: true, entries: 0 })
    await fc.assert(
      fc.asyncProperty(chains, async (entries) => {
        expect(await verifyChain(entries, headOf(entries))).toMatchObject({ whole: true, entries: entries.length })
      }),
    )
  })

  test('shows any edit of any entry, even one whose own hash was mended', async () => {
    await fc.assert(
      fc.asyncProperty(
        chains,
        fc.nat(),
        fc.constantFrom('at', 'body', 'prevHash', 'hash'),
        fc.boolean(),
        async (entries, pick, member, mend) => {
          const head = headOf(entries)
          const i = pick % entries.length
          const forged = entries.map((e) => ({ ...e }))
          const entry = forged[i] as RecordEntry
          entry[member as 'body'] = `${entry[member as 'body']}x`
          if (mend && member !== 'hash') entry.hash = entryHash(entry)
          expect((await verifyChain(forged, head)).whole).toBe(false)
        },
      ),
    )
  })

  test('shows a deletion anywhere, a reordering and a cut of the tail', async () => {
    await fc.assert(
      fc.asyncProperty(chains, fc.nat(), fc.nat(), async (entries, a, b) => {
        const head = headOf(entries)
        const i = a % entries.length
        expect((await verifyChain(entries.toSpliced(i, 1), head)).whole).toBe(false)
        const j = b % entries.length
        fc.pre(i !== j)
        const turned = [...entries]
        ;[turned[i], turned[j]] = [turned[j] as RecordEntry, turned[i] as RecordEntry]
        expect((await verifyChain(turned, head)).whole).toBe(false)
      }),
    )
  })
})

describe('an excerpt', () => {
  const pieces = fc
    .tuple(fc.array(fc.tuple(fc.string(), fc.boolean()), { minLength: 2, maxLength: 12 }), fc.nat(5))
    .map(([texts, from]) => {
      const entries = chainOf([...Array.from({ length: from }, () => 'before'), ...texts.map(([text]) => text)])
      return entries
        .slice(from)
        .map((entry, i) => (texts[i]?.[1] ? { n: entry.n, prevHash: entry.prevHash, hash: entry.hash } : { ...entry }))
    })

  test('is whole from any place on, with the entries of others sealed', () => {
    fc.assert(
      fc.property(pieces, (piece) => {
        expect(verifyExcerpt(piece)).toMatchObject({ whole: true, entries: piece.length })
      }),
    )
  })

  test('shows a changed word, a missing entry and two that changed places', () => {
    fc.assert(
      fc.property(pieces, fc.nat(), (piece, a) => {
        const i = a % piece.length
        const entry = piece[i]
        if (entry && 'body' in entry)
          expect(verifyExcerpt(piece.with(i, { ...entry, body: `${entry.body}x` })).whole).toBe(false)
        const turned = [...piece]
        ;[turned[0], turned[1]] = [piece[1], piece[0]] as [(typeof piece)[number], (typeof piece)[number]]
        expect(verifyExcerpt(turned).whole).toBe(false)
        if (i > 0 && i < piece.length - 1) expect(verifyExcerpt(piece.toSpliced(i, 1)).whole).toBe(false)
      }),
    )
  })
})
