import { bundle } from '../../.ci/build.mjs'

/** Builds dist/ once before a suite that starts real processes. */
export default async function setup(): Promise<void> {
  if (!process.env.THAW_BUILT) await bundle()
}
