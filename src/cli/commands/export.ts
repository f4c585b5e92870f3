import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { stepNumber } from '../attend'
import { addCommand, printJson, withRuns, type Cli, type CommonOptions } from '../command'
import type { TrainedModel } from '../../engine/train'
import { CheckpointStore, EventReader, readStoredSpec, type RunFolder } from '../../events'
import { UserError, type ResolvedSpec } from '../../spec'
import { bytes } from '../render/numbers'
import { findRun } from '../../runner/find'
import { openCheckpoint, openRunModel } from '../trained'

interface Options extends CommonOptions {
  runs: string
  format: 'safetensors' | 'tfjs'
  to?: string
  step?: number
  draws?: boolean
  all?: boolean
  force?: boolean
}

/** `thaw export RUN`: the network as a plain model that others load. */
export function exportCommand(program: Command, cli: Cli): void {
  withRuns(addCommand(program, 'export <run>', 'write a run’s network as a plain model'))
    .addOption(
      new Option(
        '--format <format>',
        'safetensors has the names of origin, so PyTorch loads it; tfjs is a layers model',
      )
        .choices(['safetensors', 'tfjs'])
        .default('safetensors'),
    )
    .option('--to <dir>', 'folder to write to; default RUN-FORMAT here')
    .option(
      '--draws',
      'write what chance decided instead, for train.initialize and train.inputs of a run that repeats it',
    )
    .option('--all', 'write all that a checkpoint holds, what only training needs among it (safetensors)')
    .option('--step <n>', 'checkpoint of this step instead of the newest', stepNumber)
    .option('--force', 'replace files that are there')
    .action(async (reference: string, options: Options) => {
      const { terminal } = cli
      const run = findRun(reference, options.runs, terminal.cwd)
      checkChoice(options)
      const kind = options.draws ? 'draws' : options.all ? 'all' : options.format
      const folder = resolve(terminal.cwd, options.to ?? `${run.id}-${kind}`)
      const { files, facts, hints } = await (options.draws
        ? drawn(run)
        : options.all
          ? everything(run, options)
          : exported(run, options))
      const taken = [...files.keys()].find((name) => existsSync(join(folder, name)))
      if (taken !== undefined && !options.force) {
        throw new UserError(
          `${relative(terminal.cwd, join(folder, taken))}: is there already; use --force to replace it, or --to to write elsewhere`,
        )
      }
      mkdirSync(folder, { recursive: true })
      for (const [name, content] of files) writeFileSync(join(folder, name), content)
      const sizes = [...files].map(([name, content]) => ({ name, bytes: content.length }))
      if (options.json)
        return printJson(terminal, {
          run: run.id,
          folder,
          format: options.draws ? 'safetensors' : options.format,
          files: sizes,
          ...facts,
        })
      for (const file of sizes)
        terminal.print(`${join(relative(terminal.cwd, folder), file.name)}  ${bytes(file.bytes)}`)
      for (const hint of hints) terminal.print(hint)
    })
}

interface Exported {
  files: Map<string, Uint8Array>
  /** More of the answer with --json. */
  facts: Record<string, unknown>
  hints: string[]
}

async function exported(run: RunFolder, { step, format }: Options): Promise<Exported> {
  const { model, spec } = await openRunModel(run, step)
  const facts = { classes: model.classes, step: model.step }
  const hints = [...model.graph.parameters.keys()].some((name) => name.startsWith('frozen.'))
    ? [
        'the network routes images through two branches, so the file holds both and what decides; no other run starts from it, and `thaw predict` and `thaw evaluate` use it',
      ]
    : []
  return { files: await toFiles(model, spec.backend, format), facts, hints }
}

function checkChoice({ all, draws, format }: Options): void {
  if (all && draws) throw new UserError('--all and --draws are two exports; ask for one of them')
  if (all && format !== 'safetensors')
    throw new UserError(
      `--all writes safetensors, since a ${format} file has no place for what only training needs; leave --format out`,
    )
}

/** All values of a checkpoint in the layouts of origin. */
async function everything(run: RunFolder, { step }: Options): Promise<Exported> {
  const { exportAll, readParameterList } = await import('../../engine/train')
  const { step: at, files } = openCheckpoint(run, step)
  const list = readParameterList(files)
  const owned = list.filter((parameter) => parameter.owned !== undefined)
  return {
    files: new Map([['all.safetensors', await exportAll(files)]]),
    facts: { step: at, tensors: list.length, owned: owned.length },
    hints: [`${list.length} parameters and buffers, ${owned.length} of them the strategy's own`],
  }
}

/** What a run drew from its seed, drawn again. */
async function drawn(run: RunFolder): Promise<Exported> {
  const { spec, base } = readStoredSpec<ResolvedSpec>(run)
  const events = await new EventReader(run.events).read()
  const [{ drawsOf }, { provideOwn }] = await Promise.all([
    import('../../engine/train'),
    import('../../own/provide'),
  ])
  provideOwn(spec, { base, run: run.path })
  const hash = events.find((event) => event.kind === 'run-started')?.model.hash
  const store = new CheckpointStore(run.path)
  const latest = store.latest()
  const checkpoint = latest === undefined ? undefined : store.load(latest)
  const { initialize, inputs, seeded } = await drawsOf(spec, { base }, { hash, checkpoint })
  const live = events.some((event) => event.kind === 'control' && event.source !== 'run file')
  return {
    files: new Map([
      ['initialize.safetensors', initialize],
      ['inputs.safetensors', inputs],
    ]),
    facts: { seed: spec.train.seed, seeded },
    hints: [
      'set train.initialize and train.inputs of the run file to these files to repeat the run',
      ...(seeded.length > 0
        ? [`keep "seed": ${spec.train.seed} as well: ${seeded.join(' and ')} are drawn from it`]
        : []),
      ...(live ? [`the run was steered live; \`thaw replay ${run.id} --print\` writes that as actions`] : []),
    ],
  }
}

async function toFiles(
  model: TrainedModel,
  backend: ResolvedSpec['backend'],
  format: Options['format'],
): Promise<Map<string, Uint8Array>> {
  const [{ openBackend }, { createBank }, { exportModel }] = await Promise.all([
    import('../../engine/backend'),
    import('../../engine/network'),
    import('../../engine/formats'),
  ])
  await openBackend(backend)
  const bank = createBank(model.values)
  try {
    return await exportModel(model.graph, bank, format, { classes: model.classes })
  } finally {
    bank.dispose()
  }
}
