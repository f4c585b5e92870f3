import { ESLint } from 'eslint'
import { beforeAll, describe, expect, it } from 'vitest'

/** The borders of the house hold only as long as lint reports a crossing: each row is a crossing that must be reported. */
describe('import borders', () => {
  let eslint: ESLint
  beforeAll(() => {
    eslint = new ESLint()
  })

  const crossings: [file: string, code: string, rule: string][] = [
    ['src/spec/probe.ts', "import '../events/types'", 'boundaries/dependencies'],
    ['src/events/probe.ts', "import '../engine/random'", 'boundaries/dependencies'],
    ['src/engine/train/probe.ts', "import '../../runner/index'", 'boundaries/dependencies'],
    ['src/runner/probe.ts', "import '../cli/main'", 'boundaries/dependencies'],
    ['src/runner/probe.ts', "import '../study/pool'", 'boundaries/dependencies'],
    ['src/engine/train/probe.ts', "import '../../native/install'", 'boundaries/dependencies'],
    ['src/native/probe.ts', "import '../runner/index'", 'boundaries/dependencies'],
    ['src/cli/probe.ts', "import '../extension/extension'", 'boundaries/dependencies'],
    [
      'src/engine/train/probe.ts',
      "import { readFileSync } from 'node:fs'\nreadFileSync('')",
      'no-restricted-imports',
    ],
    ['src/engine/train/probe.ts', "console.log('x')", 'no-console'],
    ['src/cli/probe.ts', "import { window } from 'vscode'\nvoid window", 'no-restricted-imports'],
    [
      'webview/panel/probe.ts',
      "import { RandomStream } from '../../src/engine/random'\nvoid RandomStream",
      'boundaries/dependencies',
    ],
    [
      'webview/panel/probe.ts',
      "import { EVENT_VERSION } from '../../src/events/types'\nvoid EVENT_VERSION",
      'boundaries/dependencies',
    ],
  ]
  it.each(crossings)('%s: %s is reported by %s', async (filePath, code, rule) => {
    const [result] = await eslint.lintText(code, { filePath })
    expect(result!.messages.map((message) => message.ruleId)).toContain(rule)
  })

  const fine: [file: string, code: string][] = [
    ['src/events/probe.ts', "import { UserError } from '../spec/types'\nvoid UserError"],
    ['src/engine/data/probe.ts', "import { readFileSync } from 'node:fs'\nreadFileSync('')"],
    [
      'webview/panel/probe.ts',
      "import type { RunEvent } from '../../src/events/types'\nexport type X = RunEvent",
    ],
    ['src/extension/probe.ts', "import { window } from 'vscode'\nvoid window"],
  ]
  it.each(fine)('%s: %s passes', async (filePath, code) => {
    const [result] = await eslint.lintText(code, { filePath })
    expect(result!.messages).toEqual([])
  })
})
