// Run folders with what real runs on the packaged data told, for pictures of the panel.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { root } from '../../../.ci/editor-host.mjs'
import { load } from './panel.mjs'

/** Strategies with pictures of their own. */
export const strategies = [
  'l2-sp',
  'delta',
  'transtailor',
  'spottune',
  'adafilter',
  'l2t-ww',
  'fitnets',
  'hybrid-forward',
]

export const picturesOf = (strategy) =>
  JSON.parse(readFileSync(join(root, `test/fixtures/pictures/${strategy}.json`), 'utf8'))

const classes = [
  'mammal',
  'bird',
  'plant',
  'produce',
  'meal',
  'vehicle',
  'building',
  'clothing',
  'tool',
  'sport',
]

/** Our own modules, bundled once. */
let loaded

/** A finished run whose strategy has told its pictures; the folder. */
export async function record(folder, strategy, options = {}) {
  loaded ??= Promise.all([
    load('test/fixtures/editor/recording.ts', 'recording'),
    load('src/events/index.ts', 'events'),
  ])
  const [{ Recorder, layers }, { writeStoredSpec, openRunFolder }] = await loaded
  const told = strategies.includes(strategy) ? picturesOf(strategy) : {}
  const recorder = new Recorder(folder, {
    ...{
      id: strategy,
      start: 1.7e12,
      run: `drawings, ${strategy}`,
      strategy: { name: strategy, title: strategy },
    },
    ...options,
  })
  const { path, artifacts } = recorder.folder
  writeStoredSpec(openRunFolder(path), {
    ...{ v: 1, runId: strategy, name: `drawings, ${strategy}`, base: folder, created: 1.7e12 },
    spec: { strategy: { name: strategy }, train: { seed: 1 }, data: { source: 'thaw:noto-drawings' } },
  })
  recorder.take(240)
  for (const [name, { data }] of Object.entries(told)) recorder.picture(name, data)
  mkdirSync(join(artifacts, 'thumbnails-test'), { recursive: true })
  const put = (name, data) => {
    const text = JSON.stringify(data)
    writeFileSync(join(artifacts, name), text)
    recorder.artifact(name, text.length)
  }
  const samples = Object.values(told).flatMap(({ data }) => data.routed?.samples ?? [])
  const paths = [...new Set([...samples.map(({ path: one }) => one), ...predicted().paths])]
  for (const i of paths.keys()) writeFileSync(join(artifacts, `thumbnails-test/${i}.jpg`), await tile(i))
  put('thumbnails-test.json', {
    v: 1,
    split: 'test',
    numbers: Object.fromEntries(paths.map((one, i) => [one, i])),
  })
  put('predictions-test.json', predicted())
  if (options.told !== false) put('network.json', joined(layers))
  if (options.ended !== false) recorder.end()
  recorder.close()
  return path
}

/** The recorded layers one after the other, each with its activation, and a sum that goes round each block but the first. */
function joined(layers) {
  const found = []
  const add = (name, { stage, block }, kind, inputs, more = {}) =>
    found.push({
      ...{ name, stage, block, kind, about: '', inputs, shape: [12, 12, 80], parameters: 0, multiplyAdds: 0 },
      ...more,
    }) - 1
  let before = add('input', { stage: 'stem', block: '' }, 'input', [], { shape: [96, 96, 3] })
  let begin = before
  for (const [i, layer] of layers.entries()) {
    const { name, block, kind, parameters } = layer
    if (block !== layers[i - 1]?.block) begin = before
    const about = kind === 'dense' ? '' : name.endsWith('depthwise') ? '5×5' : '1×1'
    const shape = kind === 'dense' ? [10] : [12, 12, 80]
    before = add(name, layer, kind, [before], { about, shape, parameters, multiplyAdds: parameters * 144 })
    if (kind === 'dense') continue
    if (!name.endsWith('project'))
      before = add(`${name}.relu`, layer, 'activation', [before], { about: 'relu6' })
    else if (!block.endsWith('.0')) before = add(`${block}.add`, layer, 'add', [before, begin])
  }
  return { v: 1, step: 0, architecture: 'efficientnet-lite0', layers: found }
}

/** A plain tile in place of a drawing. */
const tile = (i) =>
  sharp({ create: { width: 48, height: 48, channels: 3, background: `hsl(${(i * 47) % 360}, 60%, 60%)` } })
    .jpeg()
    .toBuffer()

/** What a network might have said of forty images, always the same. */
function predicted() {
  const labels = Array.from({ length: 40 }, (_, i) => i % 10)
  const wrong = (i) => i % 7 === 3
  return {
    ...{ v: 1, step: 240, split: 'test', classes, total: 40, labels },
    paths: labels.map((label, i) => `${classes[label]}/${i}.png`),
    predicted: labels.map((label, i) => (wrong(i) ? (label + 1 + (i % 3)) % 10 : label)),
    second: labels.map((label) => (label + 4) % 10),
    confidence: labels.map((_, i) => 0.5 + ((i * 13) % 45) / 100),
    runnerUp: labels.map((_, i) => 0.05 + ((i * 7) % 20) / 100),
    truth: labels.map((_, i) => (wrong(i) ? 0.04 : 0.5 + ((i * 13) % 45) / 100)),
  }
}
