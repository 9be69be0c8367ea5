import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { conflict } from '../../domain/errors'
import { line } from '../../domain/text-fields'
import { addTask as add, finishTask as finish, lockIncident, readIncident } from '../../store/incident'
import { authorise, type CommandContext } from '../context'
import { changing, numberField, personById, refuseMerged, tell } from './on-incident'

export const addTaskInput = z.object({
  number: numberField,
  title: line(300, 'Enter what needs to be done.'),
  assigneeId: z.string().nullable().default(null),
  /** The end of the time box. */
  dueAt: z.number().int().positive().nullable().default(null),
})
export const finishTaskInput = z.object({ number: numberField, taskId: z.string().max(60) })

/** Notes what somebody does, with the minutes after which they are back. Throws ExpectedError. */
export async function addTask(context: CommandContext, input: z.output<typeof addTaskInput>): Promise<{ id: string }> {
  authorise(context, 'note')
  const id = randomUUID()
  await changing(context, input.number, async (tx) => {
    refuseMerged(await lockIncident(tx, context.environment.name, input.number))
    const assignee = input.assigneeId === null ? null : await personById(tx, input.assigneeId)
    const now = context.now()
    const { dueAt } = input
    const by = { id: context.person.id, name: context.person.name }
    await add(tx, input.number, {
      id,
      title: input.title,
      assignee,
      dueAt,
      createdAt: now,
      createdBy: by,
      doneAt: null,
    })
    const box = dueAt === null ? '' : `, back in ${Math.max(1, Math.round((dueAt - now) / 60_000))} min`
    await tell(tx, context, input.number, 'task', `${assignee?.name ?? 'Nobody yet'}: ${input.title}${box}`, {
      taskId: id,
      dueAt,
    })
  })
  return { id }
}

export async function finishTask(context: CommandContext, input: z.output<typeof finishTaskInput>): Promise<void> {
  authorise(context, 'note')
  await changing(context, input.number, async (tx) => {
    await readIncident(tx, context.environment.name, input.number)
    const task = await finish(tx, input.number, input.taskId, context.now())
    if (!task) throw conflict('This task is done already.')
    await tell(tx, context, input.number, 'task', `Done: ${task.title}`, { taskId: input.taskId })
  })
}
