import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { strToU8, zipSync } from 'fflate'

export interface Made {
  name?: string
  version?: string
  tag?: string
  requires?: string[]
  /** Files beside or, with undefined, instead of the usual ones. */
  files?: Record<string, string | undefined>
  /** Texts in the list of hashes that differ from what lies there. */
  claimed?: Record<string, string>
}

export const platformTag = 'manylinux_2_27_x86_64'

/** A wheel of a few bytes that has the outside of TensorFlow's. */
export function makeWheel(path: string, made: Made = {}): string {
  const {
    name = 'tensorflow_cpu',
    version = '2.21.0',
    tag = `cp311-cp311-${platformTag}`,
    requires = [],
  } = made
  const files: Record<string, string | undefined> = {
    'tensorflow/libtensorflow_cc.so.2': 'library one',
    'tensorflow/libtensorflow_framework.so.2': 'library two',
    'tensorflow/include/tensorflow/c/c_api.h': '// header',
    'tensorflow/include/unsupported/Eigen/Tensor.h': '// not needed',
    'tensorflow/python/big.py': 'not needed',
    ...made.files,
  }
  const present = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const hash = (text: string) => createHash('sha256').update(text).digest('base64url')
  const record = present.map(
    ([file, text]) => `${file},sha256=${hash(made.claimed?.[file] ?? text)},${text.length}`,
  )
  const info = `${name}-${version}.dist-info`
  const texts: Record<string, string> = {
    ...Object.fromEntries(present),
    [`${info}/METADATA`]: [
      'Metadata-Version: 2.1',
      `Name: ${name}`,
      `Version: ${version}`,
      ...requires.map((line) => `Requires-Dist: ${line}`),
      '',
      'words',
    ].join('\n'),
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nTag: ${tag}\n`,
    [`${info}/RECORD`]: record.join('\n'),
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(
    path,
    zipSync(Object.fromEntries(Object.entries(texts).map(([file, text]) => [file, strToU8(text)]))),
  )
  return path
}
