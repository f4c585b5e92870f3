import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { buildAddons, checkCanBuild } from '../../../src/native/build'
import { findSources } from '../../../src/native/sources'
import { tryLoad } from '../../../src/native/trial'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thaw-build-'))
  mkdirSync(join(folder, 'tensorflow'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('the sources of the addons are found, and the headers of Node', () => {
  const { addon, node } = findSources()
  const files = [join(addon, 'stderr.cc'), join(addon, 'tensorflow.cc'), join(node, 'node_api.h')]
  expect(files.map((file) => existsSync(file))).toEqual([true, true, true])
})

test('no compiler: the sentence names the package of Debian and of Fedora', () => {
  expect(() => checkCanBuild({ PATH: folder })).toThrow(
    /apt-get install g\+\+, Fedora: dnf install gcc-c\+\+/,
  )
  expect(() => checkCanBuild({ PATH: folder, CXX: 'gone++' })).toThrow('CXX is gone++, which does not run')
})

test('a compiler that fails is quoted by its first error', async () => {
  const compiler = join(folder, 'c++')
  writeFileSync(
    compiler,
    '#!/bin/sh\n[ "$1" = --version ] && exit 0\necho "a.cc:1: error: no such thing" >&2\nexit 1\n',
  )
  chmodSync(compiler, 0o755)
  await expect(buildAddons(folder, { ...process.env, CXX: compiler })).rejects.toThrow(
    'a.cc:1: error: no such thing',
  )
})

test('a library that is none does not load, and the loader says why', () => {
  writeFileSync(join(folder, 'addon.node'), 'not a library')
  const { ok, detail } = tryLoad(folder, 'addon.node')
  expect(ok).toBe(false)
  expect(detail).toMatch(/file too short|invalid ELF header/)
})
