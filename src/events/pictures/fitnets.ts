/**
 * Picture `hint` of `fitnets`, after each evaluation and phase: how much of the teacher's map the student has learned, on
 * eight training images in evaluation mode. At most about 2 kB.
 */
export interface FitNetsPicture {
  v: 1
  /** Stage or layer of the teacher and of the student. */
  hint: string
  guided: string
  /** Mean square of r(v_g) - u_h over images, positions and channels. */
  error: number
  /** The same over the hint's variance by channel, from 1: 1 is learned whole, 0 no better than the channel's mean. */
  explained: number
  /** Explained by channel, greatest first, at most 64 evenly spaced ranks; channels that are constant are left out. */
  channels: number[]
}
