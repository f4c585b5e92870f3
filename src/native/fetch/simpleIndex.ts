import { satisfies, rcompare } from '@renovatebot/pep440'
import { lacking, offline } from '../errors'
import { pythonTags } from '../releases'
import { downloadFile, send } from './download'
import type { Fetch, WheelRequest } from './types'

/** A file of the simple index's JSON (PEP 691), as far as it is read. */
interface IndexFile {
  filename: string
  url: string
  hashes: Record<string, string>
  size?: number
  yanked?: boolean | string
}

const mediaType = 'application/vnd.pypi.simple.v1+json'

/** Fetches from a package index by its JSON, where there is no pip. */
export function fetchFromIndex(index: string): Fetch {
  return async (request) => {
    const page = new URL(`${request.name}/`, index.endsWith('/') ? index : `${index}/`)
    const response = await send(page, { headers: { accept: mediaType } }, `the wheel of ${request.name}`)
    if (response.status === 404)
      throw lacking(`the package index has no ${request.name}; check PIP_INDEX_URL`)
    if (!response.ok)
      throw lacking(
        `the package index answered ${response.status} for ${request.name}; try again, or ${offline('the wheel')}`,
      )
    if (!response.headers.get('content-type')?.includes('json'))
      throw lacking(
        `the package index at ${page.host} has no JSON (PEP 691), which is read where there is no pip; install pip, or give a wheel with --wheel FILE`,
      )
    const { files } = (await response.json()) as { files: IndexFile[] }
    const file = choose(files, request)
    if (!file)
      throw lacking(
        `the package index has no ${request.name}${request.specifier} for this machine; write another --version`,
      )
    const sha256 = file.hashes.sha256
    if (!sha256) throw lacking(`the package index gives no sha256 of ${file.filename}; use one that does`)
    // a wheel may lie on another host, which must not get the index's password
    const url = new URL(file.url, page)
    if (url.host === page.host) [url.username, url.password] = [page.username, page.password]
    return downloadFile(url, { ...request, file: file.filename, sha256, bytes: file.size })
  }
}

/** The newest version that fits, in the first Python and platform tag that it has. */
function choose(files: readonly IndexFile[], { specifier, tags }: WheelRequest): IndexFile | undefined {
  const fitting = files.flatMap((file) => {
    const name = readName(file.filename)
    if (!name || file.yanked || !satisfies(name.version, specifier)) return []
    const python = ['py3', ...pythonTags].findIndex((tag) => name.python.includes(tag))
    const platform = tags.findIndex((tag) => name.platform.includes(tag))
    return python < 0 || platform < 0 ? [] : [{ file, version: name.version, python, platform }]
  })
  return fitting.sort(
    (a, b) => rcompare(a.version, b.version) || a.python - b.python || a.platform - b.platform,
  )[0]?.file
}

/** `name-version(-build)?-python-abi-platform.whl`; each tag may be several, joined by dots. */
function readName(filename: string) {
  const parts = filename.replace(/\.whl$/, '').split('-')
  if (!filename.endsWith('.whl') || parts.length < 5) return undefined
  return {
    version: parts[1]!,
    python: parts.at(-3)!.split('.'),
    platform: parts.at(-1)!.split('.'),
  }
}
