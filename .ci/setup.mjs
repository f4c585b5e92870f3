// What the tests need beyond npm: Debian packages, installed when root. Each missing piece is named, never guessed around.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
const hasTorch = () =>
  existsSync('/usr/bin/python3') &&
  spawnSync('/usr/bin/python3', ['-c', 'import torch, torchvision']).status === 0

/** Debian package by what it gives. */
const pieces = [
  {
    name: 'PyTorch (parity tests)',
    packages: ['python3-torch', 'python3-torchvision', 'python3-numpy'],
    present: hasTorch,
  },
  {
    name: 'Chromium (editor and product tests)',
    packages: ['chromium', 'fonts-noto-core', 'fonts-dejavu-core'],
    present: () => existsSync('/usr/bin/chromium'),
  },
  {
    name: 'Kerberos headers (VS Code server)',
    packages: ['libkrb5-dev', 'pkg-config'],
    present: () => has('pkg-config') && spawnSync('pkg-config', ['--exists', 'mit-krb5-gssapi']).status === 0,
  },
  {
    name: 'C++ compiler (VS Code server)',
    packages: ['g++', 'make', 'python3'],
    present: () => has('g++') && has('make') && has('python3'),
  },
]

export function setup() {
  const missing = pieces.filter((piece) => !piece.present())
  if (missing.length === 0) return
  const packages = missing.flatMap((piece) => piece.packages)
  const root = process.getuid?.() === 0
  if (!root || !has('apt-get')) {
    console.error(`The tests need: ${missing.map((piece) => piece.name).join('; ')}.`)
    console.error(`Install them first, on Debian: apt-get install ${packages.join(' ')}`)
    process.exit(3)
  }
  console.log(`installing ${packages.join(' ')} …`)
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  execFileSync('apt-get', ['-qq', 'update'], options)
  execFileSync('apt-get', ['-qq', 'install', '-y', '--no-install-recommends', ...packages], options)
}
