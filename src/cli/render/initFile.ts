/** What `thaw init` saw in a folder of images. */
export interface Sight {
  /** As it will stand in the run file: relative, with `/`. */
  source: string
  /** Path of the schema, for editors; left out when it is not near. */
  schema?: string
  classes: readonly string[]
  counts: { train: number; val: number; test: number }
  /** Smallest and largest number of training images of a class. */
  smallest: number
  largest: number
}

export interface Suggestion {
  strategy: string
  /** Why this one. */
  because: string
  steps: number
  batchSize: number
}

/** Below this many images in the smallest class a probe is hard to beat and cannot overfit the backbone. */
const FEW = 5

/** What a beginner can live with: a probe for a handful of images, else full fine-tuning over about 12 epochs. */
export function suggestFor({ counts, smallest }: Pick<Sight, 'counts' | 'smallest'>): Suggestion {
  const batchSize = Math.max(1, Math.min(20, counts.train))
  const steps = Math.min(2000, Math.max(60, Math.round((12 * counts.train) / batchSize / 10) * 10))
  return smallest < FEW
    ? {
        strategy: 'linear-probe',
        because: `the smallest class has ${smallest} training images: too few to move the network`,
        steps,
        batchSize,
      }
    : {
        strategy: 'full',
        because: 'every weight trains, the new head ten times faster than the rest',
        steps,
        batchSize,
      }
}

/** A run file with comments, ready to run. */
export function initFile(sight: Sight): string {
  const { strategy, because, steps, batchSize } = suggestFor(sight)
  const { train, val, test } = sight.counts
  const text = (value: string) => JSON.stringify(value)
  return `{
${sight.schema ? `  "$schema": ${text(sight.schema)},\n\n` : ''}  // The pre-trained network: thaw:NAME is packaged (\`thaw ls models\`), or a path beside this file.
  "model": { "source": "thaw:efficientnet-lite0", "inputSize": 96, "dropout": 0.2 },

  // ${sight.classes.length} classes; ${train} images to train, ${val} to validate, ${test} to test.
  // The shares of \`split\` hold for what the folders do not give as train/, val/ and test/.
  "data": {
    "source": ${text(sight.source)},
    "split": { "val": 0, "test": 0.2, "seed": 0 },
    // Random changes to training images; "none" turns them off. Set flip to false where left and right matter.
    "transforms": { "flip": true, "rotate": 15, "scale": [0.85, 1.15], "shift": 0.08, "fill": "white" }
  },

  // ${because[0]!.toUpperCase()}${because.slice(1)}. Others: \`thaw ls strategies\`.
  "strategy": ${text(strategy)},

  "train": {
    // About ${Math.max(1, Math.round((steps * batchSize) / Math.max(1, train)))} passes over the training images.
    "steps": ${steps},
    "batchSize": ${batchSize},
    "optimizer": { "name": "adamw", "rate": 0.0003, "headRate": 0.003, "weightDecay": 0.0001 },
    "schedule": { "name": "cosine", "warmup": 0.1 },
    // Same seed, same machine: same weights, bit for bit.
    "seed": 1
  }
}
`
}
