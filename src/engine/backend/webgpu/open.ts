import { tf, versions } from '../tf'
import type { Opened } from '../types'
import { describe, isRasteriser, openAdapter, requestDevice } from './adapter'
import type { DawnBackend } from './backend'

/** Names the adapter that is asked for, see `openAdapter`; before what a caller asks for. */
export const adapterVariable = 'THAW_WEBGPU_ADAPTER'

let current: { name: string | undefined; opened: Opened } | undefined

/**
 * Opens a GPU through Dawn and makes it tfjs's current back end.
 * @param wanted see `openAdapter`
 * @param asked the back end was asked for by name: only then a software rasteriser that is named is taken
 * @throws UserError (exit code 3) where there is no GPU
 */
export async function openWebgpu(wanted?: string, asked = true): Promise<Opened> {
  const name = process.env[adapterVariable] || wanted
  if (current && current.name === name && !broken() && (asked || !isRasteriser(name))) {
    await tf.setBackend('webgpu')
    return current.opened
  }
  const { gpu, adapter } = await openAdapter(name, asked)
  // half a megabyte of shaders, and only for who asks for it
  const [{ DawnBackend }, { registerForms }] = await Promise.all([import('./backend'), import('./register')])
  registerForms()
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true })
  if (tf.findBackendFactory('webgpu')) tf.removeBackend('webgpu')
  // an adapter gives one device
  let unused: GPUAdapter | undefined = adapter
  tf.registerBackend('webgpu', async () => {
    const given = unused ?? (await openAdapter(name, asked)).adapter
    unused = undefined
    return new DawnBackend(await requestDevice(given), given.info)
  })
  await tf.setBackend('webgpu')
  current = {
    name,
    opened: { version: versions.core, threads: 1, device: describe(adapter.info) },
  }
  return current.opened
}

const broken = (): boolean => (tf.findBackend('webgpu') as DawnBackend | null)?.failure !== undefined
