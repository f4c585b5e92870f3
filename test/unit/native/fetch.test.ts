import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  chooseFetch,
  configuredIndex,
  fetchFromIndex,
  fetchWithPip,
  type WheelRequest,
} from '../../../src/native/fetch'
import { platformTag } from './wheels'

let folder: string
let server: Server
let index: string
let answer: (request: IncomingMessage, response: ServerResponse) => void
let seen: IncomingMessage[]

const bytes = Buffer.from('0123456789'.repeat(10))
const file = `tensorflow_cpu-2.21.0-cp311-cp311-${platformTag}.whl`
const sha256 = createHash('sha256').update(bytes).digest('hex')

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thaw-fetch-'))
  seen = []
  server = createServer((request, response) => {
    seen.push(request)
    if (request.url === '/simple/tensorflow-cpu/') return page(response)
    if (request.url === `/${file}`) return answer(request, response)
    response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`
  answer = (_, response) => response.end(bytes)
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true, force: true })
})

const entry = (filename: string, more = {}) => ({
  filename,
  url: `/${filename}`,
  hashes: { sha256 },
  ...more,
})
let files = [entry(file)]
function page(response: ServerResponse) {
  response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json').end(JSON.stringify({ files }))
}

const request = (): WheelRequest => ({
  name: 'tensorflow-cpu',
  specifier: '==2.21.0',
  tags: [platformTag],
  folder,
  progress: () => {},
})

describe('from the JSON of an index', () => {
  beforeEach(() => (files = [entry(file)]))

  test('the wheel for this platform, its hash checked', async () => {
    files = [
      entry(file.replace('2.21.0', '2.20.0')),
      entry(file.replace(platformTag, 'win_amd64')),
      entry(file.replaceAll('cp311', 'cp312'), { yanked: 'bad' }),
      entry(file),
    ]
    expect(await fetchFromIndex(index)(request())).toBe(join(folder, file))
    expect(readFileSync(join(folder, file))).toEqual(bytes)
  })

  test('a download that broke off is gone on with', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 40))
      // as soon as they are on the disk, however slow the machine
      const part = join(folder, `${file}.part`)
      const timer = setInterval(() => {
        if (statSync(part, { throwIfNoEntry: false })?.size !== 40) return
        clearInterval(timer)
        response.destroy()
      }, 5)
    }
    await expect(fetchFromIndex(index)(request())).rejects.toThrow(
      'run the command again, it goes on from there',
    )
    expect(existsSync(join(folder, file))).toBe(false)
    answer = (asked, response) => {
      const from = Number(/bytes=(\d+)-/.exec(asked.headers.range ?? '')?.[1])
      response.writeHead(206, { 'content-range': `bytes ${from}-99/100` }).end(bytes.subarray(from))
    }
    await fetchFromIndex(index)(request())
    expect(seen.at(-1)!.headers.range).toBe('bytes=40-')
    expect(readFileSync(join(folder, file))).toEqual(bytes)
  })

  test('other bytes than the index says are removed', async () => {
    answer = (_, response) => response.end('something else')
    await expect(fetchFromIndex(index)(request())).rejects.toThrow('its sha256 differs')
    expect(existsSync(join(folder, `${file}.part`))).toBe(false)
  })

  test('an index that has no such version or no such package says so', async () => {
    await expect(fetchFromIndex(index)({ ...request(), specifier: '==9.9' })).rejects.toThrow(
      'write another --version',
    )
    await expect(fetchFromIndex(index)({ ...request(), name: 'nothing' })).rejects.toThrow('has no nothing')
  })

  test('offline: how to go on without a network', async () => {
    await expect(fetchFromIndex('http://127.0.0.1:1/simple')(request())).rejects.toThrow(
      'bring the wheel of tensorflow-cpu from another machine and run `thaw native install --wheel FILE`',
    )
  })

  test("the index's password goes to the index", async () => {
    await fetchFromIndex(index.replace('://', '://me:secret@'))(request())
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(
      Array(2).fill(`Basic ${btoa('me:secret')}`),
    )
  })
})

describe('through pip', () => {
  const pip = (script: string) => {
    const path = join(folder, 'fake-pip')
    writeFileSync(path, `#!/bin/sh\n${script}\n`)
    chmodSync(path, 0o755)
    return fetchWithPip([path])
  }

  test('asks for the wheel alone and takes the one of that name among others', async () => {
    writeFileSync(join(folder, 'other-1.0-py3-none-any.whl'), '')
    const path = await pip(`echo "$@" > ${folder}/args; touch ${folder}/${file}`)(request())
    expect(path).toBe(join(folder, file))
    expect(readFileSync(join(folder, 'args'), 'utf8')).toMatch(
      /^download --no-deps --only-binary=:all: .*tensorflow-cpu==2\.21\.0\n$/,
    )
  })

  test.each([
    ['ERROR: No matching distribution found for tensorflow-cpu==2.21.0', 'write another --version'],
    [
      'WARNING: Retrying after NewConnectionError: Temporary failure in name resolution',
      'cannot reach its package index',
    ],
    [
      'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device',
      'disk became full',
    ],
    ['ERROR: THESE PACKAGES DO NOT MATCH THE HASHES', 'not what the index says'],
  ])('%s', async (said, sentence) => {
    await expect(pip(`echo '${said}' >&2; exit 1`)(request())).rejects.toMatchObject({
      message: expect.stringContaining(sentence),
      exitCode: 3,
    })
  })
})

test('without pip the index comes from the variable or pip.conf, else a sentence names both', () => {
  const config = join(folder, 'pip')
  const env = { PATH: folder, HOME: folder, XDG_CONFIG_HOME: folder }
  if (!existsSync('/etc/pip.conf')) expect(() => chooseFetch(env)).toThrow('set PIP_INDEX_URL')
  mkdirSync(config)
  writeFileSync(join(config, 'pip.conf'), '[global]\nindex-url = https://mirror.example/simple\n')
  expect(configuredIndex(env)).toBe('https://mirror.example/simple')
  expect(configuredIndex({ ...env, PIP_INDEX_URL: 'https://other.example' })).toBe('https://other.example')
})
