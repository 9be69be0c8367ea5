import { open, readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type RdsCall, requireInstance } from './call'
import { AwsError, invalidValue } from './errors'
import { page } from './paging'
import { type XmlStructure, xmlList } from './xml'

/** Bytes in one portion, as the service limits it. */
const portionBytes = 1_000_000
const logName = 'error/postgresql.log'

interface ServerLog {
  /** As the API names it. */
  name: string
  file: string
  size: number
  written: number
}

/** The logs of a server, which the lab's servers write beside their data: the present one, and those that were put aside. */
async function logsOf({ context }: RdsCall, id: string): Promise<ServerLog[]> {
  const made = context.estate.instances().find((instance) => instance.id === id)
  const file = made?.logFile ?? join(context.dataDir, 'postgres', `${id}.log`)
  const names = await readdir(dirname(file)).catch(() => [])
  const found = await Promise.all(
    names.map(async (name): Promise<ServerLog[]> => {
      const rest = name.startsWith(basename(file)) ? name.slice(basename(file).length) : null
      if (rest === null || (rest !== '' && !/^\.[\w.-]+$/.test(rest))) return []
      const path = join(dirname(file), name)
      const is = await stat(path).catch(() => null)
      return is?.isFile()
        ? [{ name: `${logName}${rest}`, file: path, size: is.size, written: Math.floor(is.mtimeMs) }]
        : []
    }),
  )
  return found.flat().sort((a, b) => a.written - b.written)
}

export async function describeDBLogFiles(call: RdsCall): Promise<XmlStructure> {
  const { parameters, view, region } = call
  const node = requireInstance(view, region, parameters.required('DBInstanceIdentifier'))
  const contains = parameters.text('FilenameContains') ?? ''
  const [since, larger] = [parameters.integer('FileLastWritten') ?? 0, parameters.integer('FileSize') ?? -1]
  const shown = (await logsOf(call, node.id)).filter(
    ({ name, size, written }) => name.includes(contains) && written >= since && size > larger,
  )
  const { items, Marker } = page(parameters, shown)
  return {
    DescribeDBLogFiles: xmlList(
      'DescribeDBLogFilesDetails',
      items.map(({ name, size, written }) => ({ LogFileName: name, LastWritten: written, Size: size })),
    ),
    Marker,
  }
}

/**
 * Part of the log: from Marker (bytes, "0" is the beginning) onwards, or, without one, the last NumberOfLines (1000
 * unless asked, 10,000 at most). The marker in the answer is where the next part begins.
 */
export async function downloadDBLogFilePortion(call: RdsCall): Promise<XmlStructure> {
  const { parameters, view, region } = call
  const node = requireInstance(view, region, parameters.required('DBInstanceIdentifier'))
  const name = parameters.required('LogFileName')
  const log = (await logsOf(call, node.id)).find((one) => one.name === name)
  if (!log) {
    throw new AwsError('DBLogFileNotFoundFault', `DBLog File: ${name} is not found on the DB instance ${node.id}`)
  }
  const lines = Math.min(parameters.integer('NumberOfLines') ?? 1000, 10_000)
  const marker = parameters.text('Marker')
  if (marker !== null && !/^\d{1,15}$/.test(marker)) throw invalidValue(`Invalid value ${marker} for Marker.`)
  const start = marker === null ? Math.max(0, log.size - portionBytes) : Math.min(Number(marker), log.size)
  let data = await readPart(log.file, start, Math.min(portionBytes, log.size - start))
  if (marker === null) data = lastLines(data, lines)
  // A part ends with a whole line, so that no character is cut in two.
  else if (start + data.length < log.size && data.includes(10)) data = data.subarray(0, data.lastIndexOf(10) + 1)
  const end = marker === null ? log.size : start + data.length
  return { LogFileData: data.toString('utf8'), Marker: String(end), AdditionalDataPending: end < log.size }
}

async function readPart(file: string, start: number, length: number): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, start)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

function lastLines(data: Buffer, lines: number): Buffer {
  // The newline that ends the last line begins no other.
  let at = data.length - 1
  for (let found = 0; found < lines && at > 0; found += 1) at = data.lastIndexOf(10, at - 1)
  return at > 0 ? data.subarray(at + 1) : data
}
