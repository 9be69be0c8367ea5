// What many people write at once is kept, each once, in one chain that the app itself cannot edit.
import { describe, expect, it } from 'vitest'
import { verifyChain } from '../../domain/record/chain'
import { readRecord, readRecordHead } from '../../store/record'
import { databasePerTest } from '../../store/testing/database'
import { readTimeline } from '../../store/timeline'
import type { CommandContext } from '../context'
import { code, note, peopleOf, start } from '../testing/people-in-an-incident'
import { correct, pin, write } from './write'

const database = databasePerTest()
const { someone, open, everything, story } = peopleOf(database)

describe('the timeline', () => {
  it('keeps what many write at once, each once, in one whole chain', async () => {
    const people = await Promise.all([1, 2, 3].map((i) => someone('responder', `P${i}`)))
    const ann = people[0] as CommandContext
    const { number } = await open(ann)
    const wrote = people.flatMap((who, i) => [1, 2, 3, 4].map((j) => ({ who, input: note(number, `note ${i} ${j}`) })))
    // Every note is sent twice, as a browser does after a lost answer.
    const ids = await Promise.all([...wrote, ...wrote].map(({ who, input }) => write(who, input)))
    expect(new Set(ids.map(({ id }) => id)).size).toBe(wrote.length)
    const { entries, counts } = await everything(number)
    expect(entries.filter(({ kind }) => kind === 'note')).toHaveLength(wrote.length)
    expect(counts.everything).toBe(entries.length)
    const head = await readRecordHead(database().web)
    expect(await verifyChain(readRecord(database().web), head)).toMatchObject({ whole: true })
  })

  it('cannot be edited or deleted by the app, whatever it tries', async () => {
    const ann = await someone('admin')
    const { number } = await open(ann)
    const { pool } = database().web
    for (const sql of [
      "UPDATE record_entry SET text = 'x'",
      'DELETE FROM record_entry',
      'UPDATE timeline_tally SET story = 0',
      'DELETE FROM status_update',
      'DELETE FROM checklist_evidence',
      "UPDATE report_section SET text = 'x'",
    ])
      await expect(pool.query(sql), sql).rejects.toThrow(/permission denied|append-only/)
    expect((await everything(number)).entries).not.toHaveLength(0)
  })

  it('keeps both times of a back-dated note, and refuses the future', async () => {
    const ann = await someone('responder')
    const { number } = await open(ann)
    await write(ann, { ...note(number, 'it began'), occurredAt: start - 120_000 })
    const entry = (await everything(number)).entries[0]
    expect(entry?.occurredAt).toBe(start - 120_000)
    expect(entry?.recordedAt).not.toBe(entry?.occurredAt)
    expect(await code(write(ann, { ...note(number, 'later'), occurredAt: start + 3_600_000 }))).toBe('invalid')
  })

  it('corrects by another entry, once, and takes the wrong one out of the story', async () => {
    const ann = await someone('responder')
    const { number } = await open(ann)
    const { id } = await write(ann, note(number, 'replica-1 it is', 'decision'))
    const said = await correct(ann, { number, entryId: id, text: 'replica-2 it is' })
    expect(await correct(ann, { number, entryId: id, text: 'replica-2 it is' })).toEqual(said)
    expect(await code(correct(await someone('responder'), { number, entryId: id, text: 'replica-3' }))).toBe('conflict')
    const told = (await story(number)).entries
    expect(told.map((entry) => entry.id)).not.toContain(id)
    expect(told[0]).toMatchObject({ kind: 'correction', corrects: id, text: 'replica-2 it is' })
    expect((await everything(number)).entries.find((entry) => entry.id === id)?.correctedBy).toBe(said.id)
  })

  it('shows pinned notes in the story until they are unpinned, and never those of another incident', async () => {
    const ann = await someone('responder')
    const [{ number }, other] = [await open(ann), await open(ann)]
    const { id } = await write(ann, note(number, 'pods fail on connect only'))
    const told = async () => (await story(number)).entries.map((entry) => entry.id)
    expect(await told()).not.toContain(id)
    await pin(ann, { number, entryId: id, pinned: true })
    expect(await told()).toContain(id)
    await pin(ann, { number, entryId: id, pinned: false })
    expect(await told()).not.toContain(id)
    expect(await code(pin(ann, { number: other.number, entryId: id, pinned: true }))).toBe('not-found')
  })

  it('is read by page without a gap or a repeat, filtered and searched literally', async () => {
    const ann = await someone('responder')
    const { number } = await open(ann)
    for (let i = 0; i < 25; i++) await write(ann, note(number, i === 7 ? '100% of <b>pods</b>' : `note ${i}`))
    const all = (await everything(number)).entries.map(({ id }) => id)
    const paged: string[] = []
    for (let before: string | undefined; ; ) {
      const at = await readTimeline(database().web, {
        number,
        scope: 'everything',
        limit: 7,
        ...(before ? { before } : {}),
      })
      paged.push(...at.entries.map(({ id }) => id))
      if (at.before === null) break
      before = at.before
    }
    expect(paged).toEqual(all)
    const found = await readTimeline(database().web, { number, scope: 'everything', search: '0% of' })
    expect(found.entries.map(({ text }) => text)).toEqual(['100% of <b>pods</b>'])
    const kinds = await readTimeline(database().web, { number, scope: 'everything', kinds: ['declared'] })
    expect(kinds.entries).toHaveLength(1)
    const news = await readTimeline(database().web, { number, scope: 'everything', after: all[3] as string })
    expect(news.entries.map(({ id }) => id)).toEqual(all.slice(0, 3))
  })

  it('opens in its middle, at an entry or at a moment, and goes on from there both ways', async () => {
    const ann = await someone('responder')
    const [{ number }, other] = [await open(ann), await open(ann)]
    for (let i = 0; i < 9; i++) {
      await write(ann, note(number, `note ${i}`))
      // Entries of another incident stand in between.
      await write(ann, note(other.number, 'elsewhere'))
    }
    const { entries } = await everything(number)
    const all = entries.map(({ id }) => id)
    const page = (where: { around: string } | { at: number } | { after: string } | { before: string }) =>
      readTimeline(database().web, { number, scope: 'everything', limit: 4, ...where })
    const middle = await page({ around: all[4] as string })
    expect(middle.entries.map(({ id }) => id)).toEqual(all.slice(2, 6))
    expect(middle.newer).toBe(true)
    const newer = await page({ after: middle.after })
    expect(newer.entries.map(({ id }) => id)).toEqual(all.slice(0, 2))
    expect(newer.newer).toBe(false)
    const older = await page({ before: middle.before as string })
    expect(older.entries.map(({ id }) => id)).toEqual(all.slice(6, 10))
    expect((await page({ at: entries[4]?.recordedAt ?? 0 })).entries.map(({ id }) => id)).toContain(all[4])
    expect((await page({ at: 0 })).entries.map(({ id }) => id)).toEqual(all.slice(-2))
    expect((await page({ at: Date.now() + 60_000 })).entries.map(({ id }) => id)).toEqual(all.slice(0, 2))
  })
})
