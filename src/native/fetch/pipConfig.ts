import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'ini'

/** The package index that pip would use, from its variable or its files; undefined where none is named. */
export function configuredIndex(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env.PIP_INDEX_URL) return env.PIP_INDEX_URL
  const home = env.HOME ?? homedir()
  const files = [
    env.PIP_CONFIG_FILE,
    join(env.XDG_CONFIG_HOME ?? join(home, '.config'), 'pip', 'pip.conf'),
    join(home, '.pip', 'pip.conf'),
    '/etc/pip.conf',
  ]
  for (const file of files) {
    if (!file || !existsSync(file)) continue
    const settings = parse(readFileSync(file, 'utf8')) as Record<string, Record<string, unknown> | undefined>
    for (const section of ['download', 'install', 'global']) {
      const index = settings[section]?.['index-url'] ?? settings[section]?.index_url
      if (typeof index === 'string') return index
    }
  }
  return undefined
}
