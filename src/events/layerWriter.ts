import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { explainFailure } from './failures'

/**
 * Appends rows of float32 to `layers.f32`. A row that a killed writer tore is filled up first; no event names it.
 */
export class LayerWriter {
  private readonly fd: number
  private rowBytes = 0

  constructor(
    readonly path: string,
    private readonly assertCurrent: () => void = () => {},
  ) {
    try {
      this.fd = openSync(path, 'a+')
    } catch (error) {
      throw explainFailure(error, 'write', path)
    }
  }

  /** Returns the number of the row. All rows of a run have one width. */
  append(values: Float32Array): number {
    this.rowBytes ||= values.byteLength
    if (values.byteLength !== this.rowBytes)
      throw new Error(`A row of ${values.byteLength} bytes among rows of ${this.rowBytes}`)
    // rows that another writer put in between are nobody's: look where ours went, and write again
    for (;;) {
      this.assertCurrent()
      const { size } = fstatSync(this.fd)
      const torn = size % this.rowBytes
      const fill = torn === 0 ? 0 : this.rowBytes - torn
      const bytes = new Uint8Array(fill + this.rowBytes)
      bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), fill)
      this.write(bytes)
      if (fstatSync(this.fd).size === size + bytes.length) return (size + fill) / this.rowBytes
    }
  }

  close(): void {
    closeSync(this.fd)
  }

  private write(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length;) done += writeSync(this.fd, bytes, done, bytes.length - done)
    } catch (error) {
      throw explainFailure(error, 'write', this.path)
    }
  }
}
