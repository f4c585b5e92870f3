import { tf, versions } from '../tf'
import type { Opened } from '../types'

/** Plain JavaScript: opens everywhere, for tiny networks. */
export async function openCpu(): Promise<Opened> {
  await tf.setBackend('cpu')
  // else tfjs advertises another package on the console
  Object.assign(tf.backend(), { firstUse: false })
  return { version: versions.cpu, threads: 1, device: 'JavaScript, 1 thread' }
}
