import { getLocation } from 'jsonc-parser'
import * as vscode from 'vscode'
import { catalog } from '../../engine/strategies/catalog'
import type { StrategyMeta } from '../../engine/strategies/types'

/** What a strategy is, for tooltips and hovers. */
export function describeStrategy({ name, title, summary, source, cost }: StrategyMeta): string {
  return `**${title}** (\`${name}\`)\n\n${summary}\n\n*Cost:* ${cost}\n\n*Source:* ${source}`
}

/** What the strategy under the pointer does and costs, with a way to its page. */
export const strategyHover: vscode.HoverProvider = {
  provideHover(document, position) {
    const { path, previousNode, isAtPropertyKey } = getLocation(
      document.getText(),
      document.offsetAt(position),
    )
    if (isAtPropertyKey || !/^strategy(\.name)?$/.test(path.join('.'))) return undefined
    const meta = catalog.find(({ name }) => name === previousNode?.value)
    if (!meta) return undefined
    const page = encodeURIComponent(JSON.stringify([`strategies/${meta.name}`]))
    const text = new vscode.MarkdownString(
      `${describeStrategy(meta)}\n\n[Its page](command:thaw.openPage?${page})`,
    )
    text.isTrusted = { enabledCommands: ['thaw.openPage'] }
    return new vscode.Hover(text)
  },
}
