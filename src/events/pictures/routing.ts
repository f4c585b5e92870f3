/** How the images of one class were routed. */
export interface ClassShares {
  class: string
  images: number
  /** By block or layer, whole percent of gates that took the tuned branch. */
  percent: number[]
}

/** One image and its route. */
export interface RoutedSample {
  /** As in the data set; a view can show the picture. */
  path: string
  class: string
  /** By block or layer, whole percent of gates that took the tuned branch: 0 or 100 where one gate decides. */
  percent: number[]
}

/** Gates of one evaluation; at most 50 classes, those with the most images, and 24 samples spread over the classes. */
export interface RoutedImages {
  split: 'train' | 'val' | 'test'
  images: number
  /** Over all images. */
  percent: number[]
  byClass: ClassShares[]
  samples: RoutedSample[]
}

/** Accuracy of the network of now under other gates than its own, on images of one split. */
export interface RoutingAblation {
  /** `own`, `sampled`, `all-tuned`, `all-frozen`, `random`, `shuffled` (gates of another image). */
  gates: string
  correct: number
  images: number
}
