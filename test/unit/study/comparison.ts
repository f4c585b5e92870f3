import { RandomStream } from '../../../src/engine/random'
import { analyse, type Analysis, type MethodRuns } from '../../../src/study/analysis'

const CLASSES = ['a', 'b', 'c', 'd']

/** Runs that were never run: each image is right with the method's own share, the same images being hard for all. */
export function invented(
  shares: Record<string, number>,
  { images = 80, seeds = [1, 2, 3], budgets = {} as Record<string, object> } = {},
): MethodRuns[] {
  const labels = Array.from({ length: images }, (_, i) => i % CLASSES.length)
  const paths = labels.map((label, i) => `${CLASSES[label]}/${i}.png`)
  const hard = new RandomStream(1, 'hard')
  const ease = labels.map(() => hard.uniform())
  return Object.entries(shares).map(([name, share]) => ({
    name,
    strategy: 'full',
    file: `${name}.thaw.json`,
    network: 'small_cnn, 16 px',
    budget: { name, steps: 60, imagesPerStep: 20, training: 100, trials: 0, ...budgets[name] },
    results: seeds.map((seed) => {
      const random = new RandomStream(seed, name)
      const predicted = labels.map((label, i) =>
        0.8 * ease[i]! + 0.2 * random.uniform() < share ? label : (label + 1) % CLASSES.length,
      )
      const accuracy = predicted.filter((one, i) => one === labels[i]).length / images
      return {
        seed,
        run: `${name}-${seed}`,
        metrics: {
          count: images,
          loss: 1 - accuracy,
          accuracy,
          balancedAccuracy: accuracy,
          low: accuracy - 0.1,
          high: accuracy + 0.1,
          macroF1: accuracy,
          logLoss: 1 - accuracy,
          ece: 0,
        },
        seconds: 10 + seed,
        moved: 1,
        distance: 0.01,
        steps: 60,
        computed: 'wasm, float32',
        test: { classes: CLASSES, paths, labels, predicted },
      }
    }),
    failed: [],
  }))
}

export function analysed(methods: MethodRuns[]): Analysis {
  const seeds = [...new Set(methods.flatMap(({ results }) => results.map(({ seed }) => seed)))]
  const test = methods[0]!.results[0]!.test.labels.length
  return analyse(methods, { data: { source: 'images', classes: 4, train: 100, val: 20, test }, seeds })
}
