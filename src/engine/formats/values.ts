import { UserError } from '../../spec/types'

/** Number types of a safetensors file that are read. */
export const DTYPES = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
} as const
export type DType = keyof typeof DTYPES

/** Value of an IEEE 754 half. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * 2 ** -24 * fraction
  if (exponent === 31) return fraction ? NaN : sign * Infinity
  return sign * 2 ** (exponent - 15) * (1 + fraction / 1024)
}

const single = new Float32Array(1)
const singleBits = new Uint32Array(single.buffer)

/** Nearest half, ties to even, as NumPy and PyTorch round. */
export function floatToHalf(value: number): number {
  single[0] = value
  const bits = singleBits[0]!
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 0xff
  const fraction = bits & 0x7fffff
  if (exponent === 0xff) return sign | 0x7c00 | (fraction ? 0x200 : 0)
  const e = exponent - 127 + 15
  if (e >= 31) return sign | 0x7c00
  if (e <= 0) {
    if (e < -10) return sign
    const full = fraction | 0x800000
    const shift = 14 - e
    return sign | roundShift(full, shift)
  }
  return sign + ((e << 10) + roundShift(fraction, 13))
}

/** value / 2^shift, ties to even; a carry runs into the exponent, as it should. */
function roundShift(value: number, shift: number): number {
  const whole = value >>> shift
  const rest = value & ((1 << shift) - 1)
  const tie = 1 << (shift - 1)
  return rest > tie || (rest === tie && whole & 1) ? whole + 1 : whole
}

let halves: Float32Array | undefined
/** All 65,536 halves: a table is ten times faster than arithmetic for millions of weights. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, bits) => halfToFloat(bits))
  return halves
}

/**
 * Little-endian bytes of any number type as float32.
 * @throws UserError for integers that float32 cannot hold
 */
export function toFloat32(dtype: DType, bytes: Uint8Array, name: string): Float32Array {
  const count = bytes.byteLength / DTYPES[dtype]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const each = (read: (offset: number) => number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => read(i * DTYPES[dtype]))
  switch (dtype) {
    case 'F32':
      // a copy, since the offset need not be a multiple of 4; not slice(), by which a Buffer shares
      return new Float32Array(new Uint8Array(bytes).buffer)
    case 'F16': {
      const table = halfTable()
      const bits = new Uint16Array(new Uint8Array(bytes).buffer)
      return Float32Array.from(bits, (b) => table[b]!)
    }
    case 'BF16': {
      const bits = new Uint16Array(new Uint8Array(bytes).buffer)
      return new Float32Array(Uint32Array.from(bits, (b) => b << 16).buffer)
    }
    case 'F64':
      return each((at) => view.getFloat64(at, true))
    case 'I64':
    case 'U64':
      return each((at) => {
        const value = Number(dtype === 'I64' ? view.getBigInt64(at, true) : view.getBigUint64(at, true))
        if (Math.fround(value) !== value)
          throw new UserError(`tensor '${name}' holds the integer ${value}, too large for float32`)
        return value
      })
    case 'I32':
      return each((at) => view.getInt32(at, true))
    case 'U32':
      return each((at) => view.getUint32(at, true))
    case 'I16':
      return each((at) => view.getInt16(at, true))
    case 'U16':
      return each((at) => view.getUint16(at, true))
    case 'I8':
      return each((at) => view.getInt8(at))
    case 'U8':
    case 'BOOL':
      return Float32Array.from(bytes)
  }
}
