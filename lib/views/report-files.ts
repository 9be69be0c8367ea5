import 'server-only'
import { incidentIdOf, incidentLabel } from '../domain/incident/incident'
import { reportJson } from '../domain/report/export'
import { reportMarkdown } from '../domain/report/markdown'
import { admit } from '../store/admission'
import { readExcerpt } from '../store/record'
import { webEnv } from '../web/env'
import { MadeFiles } from '../web/made-files'
import { printPage } from '../web/print'
import type { CurrentSession } from '../web/session-reader'
import { webStore } from '../web/store'
import { walkRecord } from './record-walk'
import { readCheckedReport } from './report'

type Person = CurrentSession['person']
export type ReportFormat = 'md' | 'json' | 'pdf'

const types: Record<ReportFormat, string> = {
  md: 'text/markdown; charset=utf-8',
  json: 'application/json; charset=utf-8',
  pdf: 'application/pdf',
}

/** Each walks the whole record and reads the incident's; a browser that prints is a heavy guest. */
const exports = new MadeFiles({ what: 'Exports', atOnce: 2, waiting: 20, freshMs: 5_000 })
const prints = new MadeFiles({ what: 'PDFs', atOnce: 1, waiting: 5, freshMs: 5_000 })

/**
 * The report as a file; the record's whole chain is checked for it. The same file for all who ask for it at the same time.
 * Throws ExpectedError, 'too-many-attempts' and 'unavailable' with when to try again.
 */
export async function reportFile(
  me: Person,
  number: number,
  format: ReportFormat,
  cookie: string,
): Promise<{ name: string; type: string; bytes: number; body: ReadableStream<Uint8Array> }> {
  await admit(webStore(), format === 'pdf' ? 'pdf' : 'export', me.id)
  const file =
    format === 'pdf'
      ? // Printed with the session of whoever asks: nobody gets what another one sees.
        await prints.read(`${number} ${me.id}`, async (write) => write(await print(me, number, cookie)))
      : await exports.read(`${number} ${format}`, async (write) => {
          if (format === 'md') return await write(await markdown(me, number))
          for await (const piece of json(me, number)) await write(piece)
        })
  return { name: `${incidentLabel(number)}-report.${format}`, type: types[format], ...file }
}

async function markdown(me: Person, number: number): Promise<string> {
  const { verdict } = await walkRecord()
  return reportMarkdown(await readCheckedReport(me, number, verdict))
}

async function* json(me: Person, number: number): AsyncGenerator<string> {
  const { head, verdict } = await walkRecord()
  const { me: _me, people: _people, rights: _rights, ...report } = await readCheckedReport(me, number, verdict)
  const exportedAt = new Date().toISOString()
  yield* reportJson({ exportedAt, report, head, verdict }, readExcerpt(webStore(), incidentIdOf(number), head.n))
}

/** The report on paper, as the screen prints it. */
async function print(me: Person, number: number, cookie: string): Promise<Uint8Array> {
  const { head, verdict } = await walkRecord()
  const { incident } = await readCheckedReport(me, number, verdict)
  const address = `http://${webEnv().WEB_HOST}:${webEnv().PORT}/incidents/${number}/report`
  const sum = verdict.whole ? `Record whole, ${verdict.entries} entries, ${head.hash.slice(0, 16)}` : 'RECORD NOT WHOLE'
  return await printPage(address, cookie, `${incidentLabel(incident.number)}. ${sum}`)
}
