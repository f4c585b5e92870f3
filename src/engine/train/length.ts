import type { TrainSpec } from '../../spec/schema'

export function stepsPerEpochOf({ batchSize, optimizer }: TrainSpec, images: number): number {
  return Math.max(1, Math.ceil(images / (batchSize * optimizer.accumulate)))
}

/** Optimizer steps that a run file gives its strategy. @param images to train from */
export function stepsOf(train: TrainSpec, images: number): number {
  return train.steps ?? (train.epochs ? Math.ceil(train.epochs * stepsPerEpochOf(train, images)) : 60)
}
