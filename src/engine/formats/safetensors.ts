import { UserError } from '../../spec/types'
import { bytesSource, type ByteSource } from './source'
import { parseHeader, type Entry } from './safetensorsHeader'
import { DTYPES, floatToHalf, toFloat32, type DType } from './values'

export interface StoredTensor {
  dtype: DType
  shape: number[]
  /** As float32, whatever the file holds. */
  data: Float32Array
}

export interface Safetensors {
  tensors: Map<string, StoredTensor>
  metadata: Map<string, string>
}

/** A file whose header has been read and checked; tensors are read one by one. */
export interface SafetensorsReader {
  entries: ReadonlyMap<string, Entry>
  metadata: ReadonlyMap<string, string>
  tensor(name: string): Promise<StoredTensor>
}

/**
 * Reads and checks the header; no tensor yet.
 * @throws UserError that says what is wrong with the file
 */
export async function openSafetensors(source: ByteSource): Promise<SafetensorsReader> {
  const { entries, metadata, dataStart } = await parseHeader(source)
  return {
    entries,
    metadata,
    async tensor(name) {
      const entry = entries.get(name)
      if (!entry) throw new UserError(`${source.name} has no tensor '${name}'`)
      const bytes = await source.read(dataStart + entry.from, dataStart + entry.to)
      return { dtype: entry.dtype, shape: entry.shape, data: toFloat32(entry.dtype, bytes, name) }
    },
  }
}

/** The whole of a file that is in memory. Tensors come as float32. */
export async function readSafetensors(bytes: Uint8Array, name = 'safetensors'): Promise<Safetensors> {
  const reader = await openSafetensors(bytesSource(bytes, name))
  const tensors = new Map<string, StoredTensor>()
  for (const key of reader.entries.keys()) tensors.set(key, await reader.tensor(key))
  return { tensors, metadata: new Map(reader.metadata) }
}

export interface TensorToWrite {
  shape: readonly number[]
  data: Float32Array | Int32Array | BigInt64Array
  /** Default F32 for floats; F16 rounds to nearest. */
  dtype?: 'F32' | 'F16' | 'I32' | 'I64'
}

function encode({ data, dtype }: TensorToWrite): { dtype: DType; bytes: Uint8Array } {
  if (data instanceof BigInt64Array) return { dtype: 'I64', bytes: bytesOf(data) }
  if (data instanceof Int32Array) return { dtype: 'I32', bytes: bytesOf(data) }
  if (dtype === 'F16') return { dtype: 'F16', bytes: bytesOf(Uint16Array.from(data, floatToHalf)) }
  return { dtype: 'F32', bytes: bytesOf(data) }
}

function bytesOf(data: ArrayBufferView): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/**
 * A safetensors file: header padded to 8 bytes, tensors sorted by size of their type and then by name, so that each
 * is aligned and the same content gives the same bytes.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, TensorToWrite>,
  metadata: ReadonlyMap<string, string> | Record<string, string> = {},
): Uint8Array {
  const parts = [...tensors]
    .map(([name, tensor]) => ({ name, shape: tensor.shape, ...encode(tensor) }))
    .sort((a, b) => DTYPES[b.dtype] - DTYPES[a.dtype] || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
  const header: [string, unknown][] = []
  const pairs = metadata instanceof Map ? [...metadata] : Object.entries(metadata)
  if (pairs.length > 0) header.push(['__metadata__', Object.fromEntries(pairs)])
  let offset = 0
  for (const { name, shape, dtype, bytes } of parts) {
    header.push([name, { dtype, shape, data_offsets: [offset, offset + bytes.byteLength] }])
    offset += bytes.byteLength
  }
  const body = header.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')
  const text = new TextEncoder().encode(`{${body}}`)
  const padded = Math.ceil(text.length / 8) * 8
  const out = new Uint8Array(8 + padded + offset).fill(0x20, 8, 8 + padded)
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true)
  out.set(text, 8)
  let at = 8 + padded
  for (const { bytes } of parts) {
    out.set(bytes, at)
    at += bytes.byteLength
  }
  return out
}
