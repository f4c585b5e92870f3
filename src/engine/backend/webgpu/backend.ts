import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu'
import { ExitCode, UserError } from '../../../spec/types'
import { tf } from '../tf'
import { events } from './events'
import { inWords, largestTensor } from './limits'

type Values = ReturnType<WebGPUBackend['readSync']>

/** tfjs's back end on Dawn: reads that block, and a sentence instead of zeros where the device has failed. */
export class DawnBackend extends WebGPUBackend {
  /** Why nothing can be computed any more. */
  failure?: UserError

  private closed = false

  constructor(device: GPUDevice, info: GPUAdapterInfo) {
    super(device, info)
    void device.lost.then(({ reason, message }) => {
      if (!this.closed) this.fail(`the GPU was lost (${message.trim() || reason})`)
    })
    device.onuncapturederror = (event) => {
      // else Dawn writes it to the console too
      event.preventDefault()
      if (event.error instanceof GPUOutOfMemoryError)
        this.fail('the GPU has too little memory', 'a smaller train.batchSize')
      else this.fail(`the GPU reports: ${firstLine(event.error.message)}`)
    }
  }

  private fail(what: string, instead = '"backend": "wasm"'): void {
    this.failure ??= new UserError(
      `back end "webgpu": ${what}; go on from the last checkpoint with \`thaw resume\`, or write ${instead}`,
      ExitCode.machineLacks,
    )
  }

  private check(): void {
    if (this.failure) throw this.failure
  }

  override uploadToGPU(dataId: object): void {
    const { shape, resource } = this.tensorMap.get(dataId)
    const bytes = 4 * tf.util.sizeFromShape(shape)
    const most = largestTensor(this.device.limits)
    if (!resource && bytes > most)
      throw new UserError(
        `back end "webgpu": a tensor [${shape}] takes ${inWords(bytes)} and this GPU binds ${inWords(most)} at most; write a smaller train.batchSize or model.inputSize`,
        ExitCode.machineLacks,
      )
    super.uploadToGPU(dataId)
  }

  override runWebGPUProgram(...call: Parameters<WebGPUBackend['runWebGPUProgram']>) {
    this.check()
    return super.runWebGPUProgram(...call)
  }

  override async read(dataId: object): Promise<Values> {
    this.check()
    if (!this.tensorMap.has(dataId)) return super.read(dataId)
    const values = await events.during(super.read(dataId)).catch(({ message }: Error) => {
      this.fail(`a result could not be read back (${firstLine(message)})`)
      return null as never
    })
    this.check()
    return values
  }

  /** Blocks until the GPU is done, as `dataSync` does on other back ends. */
  override readSync(dataId: object): Values {
    this.prefetch([dataId])
    return this.tensorMap.get(dataId).values
  }

  /** Values of tensors that are on the GPU alone, in one copy; reads find them here. */
  prefetch(dataIds: readonly object[]): void {
    const wanted = [...new Set(dataIds)]
      .map((id) => this.tensorMap.get(id))
      .filter(({ values, resource }) => !values && resource)
    if (wanted.length === 0) return
    this.check()
    const bytes = this.download(wanted.map(({ resource }) => resource as GPUBuffer))
    wanted.forEach((data, i) => {
      data.values = tf.util.convertBackendValuesAndArrayBuffer(bytes[i]!, data.dtype)
    })
  }

  private download(buffers: readonly GPUBuffer[]): ArrayBuffer[] {
    const size = buffers.reduce((sum, buffer) => sum + buffer.size, 0)
    const most = this.device.limits.maxBufferSize
    if (size > most && buffers.length > 1) {
      const half = buffers.length >> 1
      return [...this.download(buffers.slice(0, half)), ...this.download(buffers.slice(half))]
    }
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ
    // a packed read is hardly ever of one size twice: its buffer is not kept
    const again = buffers.length === 1
    const staging = this.bufferManager.acquireBuffer(size, usage, false, again)
    this.ensureCommandEncoderReady()
    this.endComputePassEncoder()
    const encoder = (this as unknown as { commandEncoder: GPUCommandEncoder }).commandEncoder
    let at = 0
    for (const buffer of buffers) {
      encoder.copyBufferToBuffer(buffer, 0, staging, at, buffer.size)
      at += buffer.size
    }
    this.submitQueue()
    // a rejection shows in mapState
    staging.mapAsync(GPUMapMode.READ).catch(() => undefined)
    events.waitFor(() => staging.mapState !== 'pending')
    if (staging.mapState !== 'mapped') this.fail('a result could not be read back')
    this.check()
    const mapped = staging.getMappedRange()
    let from = 0
    const parts = buffers.map((buffer) => mapped.slice(from, (from += buffer.size)))
    staging.unmap()
    this.bufferManager.releaseBuffer(staging, again)
    return parts
  }

  override dispose(): void {
    this.closed = true
    super.dispose()
    this.device.destroy()
  }
}

const firstLine = (text: string): string => text.trim().split('\n')[0]!
