import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { toOrigin, writeSafetensors } from '../../src/engine/formats'
import type { LoadedModel, NetworkGraph, ParameterSource, PlainValue } from '../../src/engine/network/types'
import { floats } from '../../src/engine/optim/floats'
import { TrainingSession } from '../../src/engine/train'
import type { Parts } from '../../src/engine/train/setup'
import type { ResolvedSpec } from '../../src/spec/schema'
import { Collected, environment, tinyImages, tinyModel } from '../unit/train/fixture'

/** A run of ours, taken to its end, and the folder in which `common.py` finds all that decided it. */
export interface Recorded {
  folder: string
  session: Pick<TrainingSession, 'spec' | 'graph' | 'setup'>
  sink: Collected
  /** By step. */
  losses: number[]
  parts: Record<string, number>[]
  /** All parameters and buffers before step 0 and after the last, in the layouts of origin. */
  start: ReadonlyMap<string, PlainValue>
  end: ReadonlyMap<string, PlainValue>
  /** Names that some phase trains. */
  trained: ReadonlySet<string>
  dispose(): void
}

/** What a script gives back: losses by step, final values in the layouts of origin, and whatever else a test compares. */
export interface Theirs<Extra = unknown> {
  losses: number[]
  values: Record<string, number[]>
  extra: Extra
}

/** Values that Python reads in PyTorch's layouts. */
function originValues(graph: NetworkGraph, source: ParameterSource): Map<string, PlainValue> {
  return new Map(
    [...graph.parameters.values()].map((info) => [
      info.name,
      toOrigin(info, floats(source.get(info.name)).slice()),
    ]),
  )
}

const plain = (graph: NetworkGraph) => ({ ...graph, parameters: [...graph.parameters.values()] })

/**
 * Trains a tiny run to its end and writes what another implementation needs to repeat it: the graph as JSON, values
 * before step 0, pre-trained and teacher's values, pixels, order of the batches, noise, what the strategy measured.
 * @param spec of `tinySpec`; transforms must be none and dropout 0
 */
export async function record(spec: ResolvedSpec, parts: Parts = {}): Promise<Recorded> {
  const images = parts.images ?? tinyImages(spec)
  const model: LoadedModel = parts.model ?? tinyModel()
  const sink = new Collected()
  const session = await TrainingSession.open(spec, environment(sink), { ...parts, model, images })
  const noise = new Map<string, { shape: readonly number[]; rows: Float32Array[] }>()
  const values = session.noise.values.bind(session.noise)
  session.noise.values = (declaration) => {
    const { name, shape } = declaration
    const row = values(declaration)
    noise.set(name, { shape, rows: [...(noise.get(name)?.rows ?? []), row] })
    return row
  }
  const batches: number[][] = []
  const next = session.stream.next.bind(session.stream)
  session.stream.next = async () => {
    const batch = await next()
    batches.push([...batch.items])
    return batch
  }
  const { graph, setup, w0 } = session
  const start = originValues(graph, session.bank)
  const source = originValues(graph, w0)
  const phases = setup.phases.map((planned) => {
    const { from, to, phase } = planned
    const trained = [...graph.parameters.values()].filter(
      (info) => !info.buffer && (phase.trains(info) || (info.owned && phase.moves?.(info))),
    )
    const norms = graph.nodes.filter(({ op }) => op.kind === 'batchNorm').map(({ name }) => name)
    return {
      name: phase.name,
      from,
      to,
      trained: trained.map(({ name }) => name),
      batchNorm: Object.fromEntries(norms.map((name) => [name, phase.batchNorm(name)])),
    }
  })
  const losses: number[] = []
  const lossParts: Record<string, number>[] = []
  for (let step = await session.step(); step; step = await session.step()) {
    losses.push(step.loss)
    lossParts.push(step.parts)
  }
  const end = originValues(session.graph, session.bank)
  const folder = mkdtempSync(join(tmpdir(), 'thaw-parity-'))
  const write = (name: string, tensors: ReadonlyMap<string, PlainValue>) =>
    writeFileSync(join(folder, `${name}.safetensors`), writeSafetensors(tensors))
  write('initialize', start)
  write('w0', source)
  write('noise', new Map([...noise].map(([name, drawn]) => [name, stacked(drawn)])))
  write('measured', session.runtime?.save?.().tensors ?? new Map())
  if (setup.teacher)
    write(
      'teacher',
      new Map(
        [...setup.teacher.graph.parameters.values()].flatMap((info) => {
          const value = setup.teacher!.values.get(info.name)
          return value ? [[info.name, toOrigin(info, value.data)]] : []
        }),
      ),
    )
  write('pixels', new Map([['pixels', await pixelsOf(session)]]))
  const { items, classes } = setup.images.dataset
  const { accumulate } = spec.train.optimizer
  writeFileSync(
    join(folder, 'case.json'),
    JSON.stringify({
      spec,
      options: setup.options,
      graph: plain(graph),
      teacher: setup.teacher ? plain(setup.teacher.graph) : null,
      stages: setup.stages,
      phases,
      classes,
      items: items.map(({ label, split }) => ({ label, split })),
      batches: Array.from({ length: losses.length }, (_, i) =>
        batches.slice(i * accumulate, (i + 1) * accumulate),
      ),
      steps: setup.steps,
    }),
  )
  const recorded: Recorded = {
    folder,
    session: { spec, graph: session.graph, setup },
    sink,
    losses,
    parts: lossParts,
    start,
    end,
    trained: new Set(phases.flatMap(({ trained }) => trained)),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
  await session.dispose()
  return recorded
}

function stacked({ shape, rows }: { shape: readonly number[]; rows: Float32Array[] }): PlainValue {
  return { shape: [rows.length, ...shape], data: Float32Array.from(rows.flatMap((row) => [...row])) }
}

/** Pixels of every image [items, height, width, 3] without random changes. */
async function pixelsOf({ setup }: TrainingSession): Promise<PlainValue> {
  const { images, size } = setup
  const one = size * size * 3
  const data = new Float32Array(images.dataset.items.length * one)
  for (const split of ['train', 'val', 'test'] as const)
    for await (const batch of images.evaluation(split, size, 16, false))
      batch.items.forEach((item, i) => data.set(batch.images.subarray(i * one, (i + 1) * one), item * one))
  return { shape: [images.dataset.items.length, size, size, 3], data }
}

/**
 * Runs a script of this folder on recorded runs, all in one process (reading torch costs more than tiny runs).
 * @param cases run and what else the script is told, for example a deliberate mistake
 */
export function python<Extra = unknown>(
  script: string,
  cases: readonly { run: Recorded; told?: Record<string, unknown> }[],
): Theirs<Extra>[] {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const input = cases.map(({ run, told = {} }) => ({ folder: run.folder, told }))
  const { status, stdout, stderr, error } = spawnSync('/usr/bin/python3', [path], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 1 << 29,
    env: { ...process.env, OMP_NUM_THREADS: '1', PYTHONDONTWRITEBYTECODE: '1' },
  })
  if (error || status !== 0)
    throw new Error(`${script} failed (Debian: python3-torch): ${error?.message ?? stderr}`)
  return JSON.parse(stdout) as Theirs<Extra>[]
}

/** How far two runs are apart; relative, Euclidean norms. */
export interface Disagreement {
  losses: number
  /** Worst parameter or buffer by its final values. */
  values: number
  /** Worst trained parameter by the way it went, which is small beside its value: the sharper measure. */
  movement: number
  worst: string
}

export function disagreement(run: Recorded, theirs: Theirs): Disagreement {
  const result = { losses: apart(run.losses, theirs.losses), values: 0, movement: 0, worst: '' }
  for (const [name, { data }] of run.end) {
    const other = theirs.values[name]
    if (!other) throw new Error(`the script gives no values for "${name}"`)
    result.values = Math.max(result.values, apart(data, other))
    if (!run.trained.has(name)) continue
    const start = run.start.get(name)!.data
    const move = (values: ArrayLike<number>) => Array.from(values, (value, i) => value - start[i]!)
    const went = apart(move(data), move(other))
    if (went > result.movement) Object.assign(result, { movement: went, worst: name })
  }
  return result
}

/** Ours against theirs: |ours - theirs| over |theirs|; both 0 is agreement. */
export function apart(ours: ArrayLike<number>, theirs: ArrayLike<number>): number {
  if (ours.length !== theirs.length) return Infinity
  let difference = 0
  let size = 0
  for (let i = 0; i < ours.length; i++) {
    difference += (ours[i]! - theirs[i]!) ** 2
    size += theirs[i]! ** 2
  }
  return difference === 0 ? 0 : Math.sqrt(difference / Math.max(size, 1e-30))
}

/** Limits fit for a dozen steps of float32 against float64. */
export const LIMITS = { losses: 1e-5, values: 2e-5, movement: 1e-3 }

/**
 * Where no decay acts: a batch norm's scale in front of another batch norm hardly moves then, since its gradient cancels
 * to rounding.
 */
export const WITHOUT_DECAY = { ...LIMITS, movement: 0.05 }

export function expectAgreement(run: Recorded, theirs: Theirs, limits = LIMITS): void {
  const found = disagreement(run, theirs)
  expect(found.losses, 'losses').toBeLessThan(limits.losses)
  expect(found.values, 'final values').toBeLessThan(limits.values)
  expect(found.movement, `movement of ${found.worst}`).toBeLessThan(limits.movement)
}

/** A deliberate mistake must be seen: some measure is well beyond its limit. */
export function expectDisagreement(run: Recorded, theirs: Theirs, limits = LIMITS, factor = 3): void {
  const found = disagreement(run, theirs)
  const excess = Math.max(
    found.losses / limits.losses,
    found.values / limits.values,
    found.movement / limits.movement,
  )
  expect(excess).toBeGreaterThan(factor)
}

/**
 * Inside a `describe`: records the run, repeats it by the script, and once more with each deliberate mistake, which must
 * be seen.
 * @param told what the script is told of the recorded run, beside the mistake
 */
export function repeats(
  script: string,
  run: ResolvedSpec,
  {
    model,
    parts,
    mistakes = [],
    limits = LIMITS,
    told = () => ({}),
  }: {
    model?: LoadedModel
    /** What else is handed in instead of files, for example a teacher. */
    parts?: Parts
    mistakes?: readonly string[]
    limits?: typeof LIMITS
    told?: (ours: Recorded) => Record<string, unknown>
  },
): void {
  let ours: Recorded
  let theirs: Theirs[]

  beforeAll(async () => {
    ours = await record(run, { ...parts, model })
    const own = told(ours)
    theirs = python(script, [
      { run: ours, told: own },
      ...mistakes.map((mistake) => ({ run: ours, told: { ...own, mistake } })),
    ])
  })
  afterAll(() => ours.dispose())

  test('takes the steps of PyTorch in float64', () => expectAgreement(ours, theirs[0]!, limits))
  if (mistakes.length > 0)
    test.each(mistakes.map((mistake, i) => [mistake, i + 1] as const))('%s is seen', (_mistake, i) =>
      expectDisagreement(ours, theirs[i]!, limits),
    )
}
