import { ExitCode, UserError } from '../../../spec/types'
import { events } from './events'
import { hasDriver, loadVulkan, rasteriser, rasteriserFolder, useRasteriser } from './vulkan'

export interface OpenAdapter {
  gpu: GPU
  adapter: GPUAdapter
}

const noGpu = 'no GPU with a Vulkan, Metal or Direct3D 12 driver was found; write "wasm" or "auto"'

const refuse = (what: string): never => {
  throw new UserError(`back end "webgpu": ${what}`, ExitCode.machineLacks)
}

/** Dawn's instances by the GPU that they were asked for. */
const instances = new Map<string, GPU>()

/**
 * Asks Dawn for a GPU.
 * @param wanted part of its name, or `swiftshader` for the software rasteriser, which is never taken by itself;
 *   undefined: the fastest GPU that there is
 * @param asked false: the caller looks for a fast back end, and the rasteriser will not do
 * @throws UserError where there is none, with what there is
 */
export async function openAdapter(wanted?: string, asked = true): Promise<OpenAdapter> {
  const software = isRasteriser(wanted)
  if (software && !asked) return refuse('only a software rasteriser is named; write "backend": "webgpu"')
  const gpu = await dawn(wanted, software)
  const adapter = await events.during(gpu.requestAdapter({ powerPreference: 'high-performance' }))
  if (!adapter)
    return refuse(wanted ? `no GPU here is called "${wanted}"; \`thaw doctor\` lists what there is` : noGpu)
  if (!software && isSoftware(adapter.info))
    return refuse(
      `only a software rasteriser was found (${adapter.info.description}), which is slower than "wasm"; to take it all the same, name it: THAW_WEBGPU_ADAPTER=${rasteriser}`,
    )
  return { gpu, adapter }
}

export const isRasteriser = (wanted?: string): boolean => wanted?.toLowerCase() === rasteriser

const isSoftware = (info: GPUAdapterInfo & { isFallbackAdapter?: boolean }): boolean =>
  info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(describe(info))

/** For example `NVIDIA RTX A2000 (ampere)`. */
export const describe = ({ description, device, vendor, architecture }: GPUAdapterInfo): string =>
  `${description || device || vendor}${architecture ? ` (${architecture})` : ''}`

async function dawn(wanted: string | undefined, software: boolean): Promise<GPU> {
  const key = wanted ?? ''
  const known = instances.get(key)
  if (known) return known
  if (software) {
    const folder = rasteriserFolder()
    if (!folder)
      return refuse(
        'SwiftShader, the software rasteriser, comes with Chromium, which was not found; on Debian: apt-get install chromium-common',
      )
    useRasteriser(folder)
  }
  if (!software && !hasDriver()) return refuse(noGpu)
  if (!loadVulkan())
    return refuse(
      'Vulkan is not installed (libvulkan.so.1); install libvulkan1 and the driver of your GPU, or write "wasm" or "auto"',
    )
  events.install()
  const { create, globals } = await load()
  Object.assign(globalThis, globals)
  let gpu: GPU
  try {
    gpu = create(wanted && !software ? [`adapter=${wanted}`] : [])
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
  instances.set(key, gpu)
  return gpu
}

async function load() {
  try {
    return await import('webgpu')
  } catch (error) {
    return refuse(
      `the npm package "webgpu" does not load here (${error instanceof Error ? error.message.split('\n')[0] : String(error)}); run \`npm i webgpu\` beside Thaw, or write "wasm" or "auto"`,
    )
  }
}

/** A device with all that the adapter has: tfjs's own default is 128 MB a tensor. */
export async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const names = [
    'maxBufferSize',
    'maxStorageBufferBindingSize',
    'maxStorageBuffersPerShaderStage',
    'maxComputeWorkgroupStorageSize',
    'maxComputeWorkgroupsPerDimension',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX',
  ] as const
  const requiredLimits = Object.fromEntries(names.map((name) => [name, adapter.limits[name]]))
  return events.during(adapter.requestDevice({ requiredLimits }))
}
