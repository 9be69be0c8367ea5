import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { type AppliedKind, appliedKinds, type Manifest } from '../domain/procedure/apply-call'
import { assertNoSecret, SecretInCallError } from '../domain/procedure/call'

const name = z.string().min(1)
const kinds = Object.keys(appliedKinds) as [AppliedKind, ...AppliedKind[]]
const json = z.json()

const described = z.object({ kind: z.string().optional(), metadata: z.object({ name: z.string() }).optional() })
const nameOf = (value: unknown): string => {
  const read = described.safeParse(value)
  return read.success ? `${read.data.kind ?? 'object'} ${read.data.metadata?.name ?? ''}`.trim() : 'object'
}

/** A variable that sounds like a secret and has its value in the text. */
const secretVariable = /pass(word|wd)|secret|token|private_?key|access_?key/i
const withEnvironment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(
          z.object({ env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]) }),
        ),
      }),
    }),
  }),
})

/** An object that a run may apply: of a known kind, with a name, and without a secret in its text. */
const manifestSchema: z.ZodType<Manifest> = z
  .object({
    apiVersion: name,
    kind: z.enum(kinds, {
      error: `one of ${kinds.join(', ')}; secrets stay in the cluster, and an autoscaler would set the number of pods besides the run`,
    }),
    metadata: z.object({ name }).catchall(json),
  })
  .catchall(json)
  .superRefine((manifest, context) => {
    const add = (message: string) => context.addIssue({ code: 'custom', message: `${nameOf(manifest)}: ${message}` })
    const { apiVersion } = appliedKinds[manifest.kind]
    if (manifest.apiVersion !== apiVersion) add(`its apiVersion is ${manifest.apiVersion}, not ${apiVersion}`)
    try {
      assertNoSecret(manifest, 'it')
    } catch (error) {
      if (!(error instanceof SecretInCallError)) throw error
      add(error.message)
    }
    const read = withEnvironment.safeParse(manifest)
    for (const container of read.success ? read.data.spec.template.spec.containers : [])
      for (const { name: variable, value } of container.env)
        if (value && secretVariable.test(variable)) add(`${variable} has its value in the text; use secretKeyRef`)
  })

/** The application as it is started in the other region by a cross-region recovery. */
export const drApplicationSchema = z
  .object({
    /** Null: the namespace at home. */
    namespace: name.nullable().default(null),
    manifests: z.array(manifestSchema).default([]),
    /** Files with such objects as JSON, one or a List each, beside the environment file; `kubectl ... -o json` writes them. */
    manifestFiles: z.array(name).default([]),
    /** Pods there by deployment. Of one that is not named: as many as at home. */
    replicas: z.record(name, z.number().int().min(1).max(1000)).default({}),
    /** A Terraform plan that was reviewed, by its digest: a person applies exactly that file. Null: nothing is to be applied. */
    terraform: z
      .object({ planFile: name, sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in hex') })
      .nullable()
      .default(null),
  })
  .nullable()
  .default(null)

/**
 * The objects of manifest files, which stand beside the environment file. Throws an Error with one clear sentence for a file that cannot be
 * read, and ZodError for an object that may not be applied.
 */
export function readManifestFiles(environmentFile: string, files: readonly string[]): Manifest[] {
  return files.flatMap((file) => {
    const path = resolve(dirname(environmentFile), file)
    let raw: unknown
    try {
      raw = JSON.parse(readFileSync(path, 'utf8'))
    } catch (error) {
      throw new Error(`${path} cannot be read as JSON (${(error as Error).message})`)
    }
    const list = z.object({ kind: z.literal('List'), items: z.array(z.unknown()) }).safeParse(raw)
    return z.array(manifestSchema).parse(list.success ? list.data.items : [raw])
  })
}

interface Named {
  deployments: readonly string[]
  drContext: string | null
  drApplication: z.output<typeof drApplicationSchema>
}

/** What is missing before the application can be started with these settings, with the field that it is about. */
export function drApplicationProblems({ drContext, drApplication }: Named): { path: string[]; message: string }[] {
  if (!drApplication) return []
  const { manifests, manifestFiles, replicas } = drApplication
  const found = manifests.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name)
  const read = manifestFiles.length === 0
  return [
    ...(drContext === null
      ? [{ path: ['drContext'], message: 'name the context of the cluster in which the application is started' }]
      : []),
    ...(read && found.length === 0
      ? [{ path: ['drApplication', 'manifests'], message: 'there is no Deployment to be started' }]
      : []),
    ...(read
      ? Object.keys(replicas)
          .filter((deployment) => !found.includes(deployment))
          .map((deployment) => ({
            path: ['drApplication', 'replicas', deployment],
            message: `no manifest is of a Deployment ${deployment}`,
          }))
      : []),
  ]
}
