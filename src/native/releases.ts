import type { Flavour } from '../engine/backend/native/find'

/** TensorFlow that Thaw is tried with. Others of the same C API work too: `thaw native install --version`. */
export const defaultVersion = '2.21.0'

/** Names of the packages whose wheels hold the libraries. */
export const packageNames: Record<Flavour, string> = { cpu: 'tensorflow-cpu', cuda12: 'tensorflow' }

/** Python tags in the order of preference: the wheels differ in their Python part alone, which is not used. */
export const pythonTags = ['cp311', 'cp312', 'cp313', 'cp310']

/** What the index publishes, and what the default version's wheel is known to be. */
export interface KnownWheel {
  file: string
  /** Hexadecimal. */
  sha256: string
  /** Of the wheel. */
  bytes: number
  /** Of what is taken out of it. */
  unpacked: number
}

/** The default version's wheels for Linux on x64: checked whatever an index says of them. */
export const knownWheels: readonly KnownWheel[] = [
  {
    file: 'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    bytes: 273_829_956,
    unpacked: 858_256_795,
  },
  {
    file: 'tensorflow-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl',
    sha256: '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124',
    bytes: 572_440_367,
    unpacked: 1_264_203_217,
  },
]

/** About what CUDA's own wheels take, packed and unpacked: their versions are chosen by the index. */
export const cudaBytes = { packed: 2_600_000_000, unpacked: 4_300_000_000 }
