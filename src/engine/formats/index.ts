/** Files of networks: read into a graph with values, and written out again. */
export type { LoadOptions } from './types'
export { loadModel } from './load'
export { fromOrigin, originShape, toOrigin } from './layout'
export { exportModel, type ExportOptions } from './export'
export type { PixelRange } from './keras/reading'
export { packagedNetwork, packagedNetworks, type PackagedNetwork } from './packaged'
export {
  openSafetensors,
  readSafetensors,
  writeSafetensors,
  type Safetensors,
  type SafetensorsReader,
  type StoredTensor,
  type TensorToWrite,
} from './safetensors'
export { bytesSource, fileSource, type ByteSource } from './source'
