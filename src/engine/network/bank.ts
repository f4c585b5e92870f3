import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Tensor } from '@tensorflow/tfjs-core'
import { tf } from '../backend'
import type { ParameterBank, PlainValue } from './types'

class TensorBank implements ParameterBank {
  private readonly tensors = new Map<string, Tensor>()

  names(): string[] {
    return [...this.tensors.keys()]
  }

  has(name: string): boolean {
    return this.tensors.has(name)
  }

  get(name: string): Tensor {
    const tensor = this.tensors.get(name)
    if (!tensor) throw new Error(`no parameter '${name}' in this bank`)
    return tensor
  }

  set(name: string, value: Tensor): void {
    const old = this.tensors.get(name)
    if (old === value) return
    if (old && (old.shape.length !== value.shape.length || old.shape.some((n, i) => n !== value.shape[i]))) {
      throw new Error(`parameter '${name}' has shape [${old.shape}], not [${value.shape}]`)
    }
    // a value made inside a tidy must outlive it
    this.tensors.set(name, tf.keep(value))
    old?.dispose()
  }

  clone(): ParameterBank {
    const copy = new TensorBank()
    for (const [name, tensor] of this.tensors) copy.set(name, deepCopy(tensor))
    return copy
  }

  async hash(): Promise<string> {
    const digest = sha256.create()
    for (const name of [...this.tensors.keys()].sort()) {
      const tensor = this.tensors.get(name)!
      const data = (await tensor.data()) as Float32Array
      digest.update(utf8ToBytes(`${name}\0${tensor.shape.join(',')}\0`))
      digest.update(littleEndianBytes(data))
    }
    return bytesToHex(digest.digest())
  }

  dispose(): void {
    for (const tensor of this.tensors.values()) tensor.dispose()
    this.tensors.clear()
  }
}

/** `clone` shares its data; a copy of its own survives whatever is done to the first. */
function deepCopy(tensor: Tensor): Tensor {
  return tf.tensor(tensor.dataSync().slice(), tensor.shape, tensor.dtype)
}

function littleEndianBytes(data: Float32Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

/** A bank with copies of plain values, as tensors of the back end that is open. */
export function createBank(values: ReadonlyMap<string, PlainValue>): ParameterBank {
  const bank = new TensorBank()
  for (const [name, { shape, data }] of values) bank.set(name, tf.tensor(data.slice(), shape, 'float32'))
  return bank
}
