import type { PixelRange } from './keras/reading'

export interface LoadOptions {
  /** Folder that relative paths of the run file start from. */
  base: string
  /** Folder of packaged files, see `mediaFolder`. */
  media: string
  /** Leaves the classifier of the file on the network when no cut is given. */
  keepHead?: boolean
  /**
   * What a Keras or tfjs network expects of pixels, when its file has no Rescaling layer that says so; default
   * `-1..1`, as MobileNet and most of keras.applications.
   */
  pixels?: PixelRange
}
