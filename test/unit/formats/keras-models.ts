import * as tfl from '@tensorflow/tfjs-layers'
import type { io } from '@tensorflow/tfjs-core'

/** A seeded initializer for every weight, so that nothing is 0 or 1 by default. */
const random = (seed: number, around = 0) =>
  tfl.initializers.randomUniform({ minval: around - 0.5, maxval: around + 0.5, seed })

const conv = (filters: number, seed: number, more: object = {}) =>
  tfl.layers.conv2d({
    filters,
    kernelSize: 3,
    kernelInitializer: random(seed),
    biasInitializer: random(seed + 50),
    ...more,
  })

const norm = (seed: number, more: object = {}) =>
  tfl.layers.batchNormalization({
    gammaInitializer: random(seed, 1),
    betaInitializer: random(seed + 1),
    movingMeanInitializer: random(seed + 2),
    movingVarianceInitializer: random(seed + 3, 1),
    ...more,
  })

/** Every layer that is read, in the ways Keras users write them: an inverted residual with gates and branches. */
export function functionalModel(): tfl.LayersModel {
  const input = tfl.input({ shape: [17, 14, 3] })
  let x = tfl.layers.rescaling({ scale: 1 / 127.5, offset: -1 }).apply(input) as tfl.SymbolicTensor
  x = conv(6, 1, { strides: 2, padding: 'same', useBias: false, name: 'Conv1' }).apply(
    x,
  ) as tfl.SymbolicTensor
  x = norm(2, { scale: false, name: 'bn_Conv1' }).apply(x) as tfl.SymbolicTensor
  x = tfl.layers.reLU({ maxValue: 6, name: 'Conv1_relu' }).apply(x) as tfl.SymbolicTensor
  let y = tfl.layers
    .zeroPadding2d({
      padding: [
        [0, 1],
        [1, 0],
      ],
    })
    .apply(x) as tfl.SymbolicTensor
  y = tfl.layers
    .depthwiseConv2d({
      kernelSize: 3,
      depthMultiplier: 2,
      depthwiseInitializer: random(7),
      padding: 'valid',
      activation: 'relu',
    })
    .apply(y) as tfl.SymbolicTensor
  y = norm(8, { center: false, epsilon: 0.01, momentum: 0.9 }).apply(y) as tfl.SymbolicTensor
  y = tfl.layers.zeroPadding2d({ padding: 1 }).apply(y) as tfl.SymbolicTensor
  y = tfl.layers
    .separableConv2d({
      filters: 6,
      kernelSize: [3, 2],
      padding: 'same',
      depthwiseInitializer: random(9),
      pointwiseInitializer: random(10),
      biasInitializer: random(11),
      activation: 'tanh',
    })
    .apply(y) as tfl.SymbolicTensor
  y = tfl.layers.averagePooling2d({ poolSize: 3, strides: 1, padding: 'same' }).apply(y) as tfl.SymbolicTensor
  y = tfl.layers.maxPooling2d({ poolSize: 2, strides: 2, padding: 'same' }).apply(y) as tfl.SymbolicTensor
  x = tfl.layers.maxPooling2d({ poolSize: 2, padding: 'same' }).apply(x) as tfl.SymbolicTensor
  let z = tfl.layers.add().apply([x, y]) as tfl.SymbolicTensor
  const gate = tfl.layers
    .activation({ activation: 'sigmoid' })
    .apply(conv(6, 12, { kernelSize: 1 }).apply(z) as tfl.SymbolicTensor) as tfl.SymbolicTensor
  z = tfl.layers.multiply().apply([z, gate]) as tfl.SymbolicTensor
  z = tfl.layers.concatenate().apply([z, x]) as tfl.SymbolicTensor
  z = tfl.layers.leakyReLU({ alpha: 0.1 }).apply(z) as tfl.SymbolicTensor
  z = tfl.layers.globalAveragePooling2d({}).apply(z) as tfl.SymbolicTensor
  z = tfl.layers.dropout({ rate: 0.3 }).apply(z) as tfl.SymbolicTensor
  z = tfl.layers
    .dense({ units: 4, activation: 'softmax', kernelInitializer: random(14), biasInitializer: random(15) })
    .apply(z) as tfl.SymbolicTensor
  return tfl.model({ inputs: input, outputs: z })
}

/** A Sequential whose first layer gives the input shape, with a nested Sequential and a flatten. */
export function sequentialModel(): tfl.Sequential {
  const inner = tfl.sequential({ name: 'inner' })
  inner.add(conv(5, 21, { inputShape: [10, 10, 3], padding: 'same', activation: 'relu' }))
  inner.add(tfl.layers.maxPooling2d({ poolSize: 2 }))
  const model = tfl.sequential({ name: 'outer' })
  model.add(inner)
  model.add(conv(4, 22, { activation: 'elu' }))
  model.add(tfl.layers.flatten())
  model.add(
    tfl.layers.dense({
      units: 3,
      kernelInitializer: random(23),
      biasInitializer: random(24),
      activation: 'linear',
    }),
  )
  return model
}

/** What tfjs itself saves of a model. */
export async function artifactsOf(model: tfl.LayersModel): Promise<io.ModelArtifacts> {
  let saved: io.ModelArtifacts | undefined
  await model.save({
    save: (artifacts: io.ModelArtifacts) => {
      saved = artifacts
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } })
    },
  })
  return saved!
}

/** Files of a tfjs layers model as tfjs writes them: weights in shards of so many bytes. */
export async function tfjsFiles(
  model: tfl.LayersModel,
  shardSize = 1 << 22,
): Promise<Map<string, Uint8Array>> {
  const { modelTopology, weightSpecs, weightData } = await artifactsOf(model)
  const data = new Uint8Array(weightData as ArrayBuffer)
  const files = new Map<string, Uint8Array>()
  for (let at = 0, i = 1; at < data.length; at += shardSize, i++) {
    files.set(`group1-shard${i}.bin`, data.subarray(at, at + shardSize))
  }
  const json = {
    format: 'layers-model',
    modelTopology,
    weightsManifest: [{ paths: [...files.keys()], weights: weightSpecs }],
  }
  files.set('model.json', new TextEncoder().encode(JSON.stringify(json)))
  return files
}
