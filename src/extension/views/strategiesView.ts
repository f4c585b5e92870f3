import * as vscode from 'vscode'
import type { StrategyMeta } from '../../engine/strategies/types'
import { heavy } from '../load'

export type StrategyNode =
  { kind: 'type'; type: StrategyMeta['type'] } | { kind: 'strategy'; meta: StrategyMeta }

const types: Record<StrategyMeta['type'], [title: string, icon: string]> = {
  baseline: ['Baselines', 'pulse'],
  constraint: ['Pre-trained network as a constraint', 'lock'],
  selective: ['Selective transfer', 'arrow-swap'],
  structure: ['Structure changed while tuning', 'type-hierarchy'],
  routing: ['Routing learned per sample', 'git-branch'],
}

/** The catalogue of strategies by type. */
export class StrategiesView implements vscode.TreeDataProvider<StrategyNode> {
  getChildren(node?: StrategyNode): StrategyNode[] {
    const { catalog } = heavy()
    if (node?.kind === 'type')
      return catalog.filter(({ type }) => type === node.type).map((meta) => ({ kind: 'strategy', meta }))
    if (node) return []
    return (Object.keys(types) as StrategyMeta['type'][])
      .filter((type) => catalog.some((meta) => meta.type === type))
      .map((type) => ({ kind: 'type', type }))
  }

  getTreeItem(node: StrategyNode): vscode.TreeItem {
    if (node.kind === 'type') {
      const [title, icon] = types[node.type]
      const item = new vscode.TreeItem(title, vscode.TreeItemCollapsibleState.Expanded)
      item.iconPath = new vscode.ThemeIcon(icon)
      item.id = node.type
      return item
    }
    const { name, title, cost } = node.meta
    const item = new vscode.TreeItem(title)
    item.id = name
    item.description = cost.split(/[;,(]/)[0]!.trim()
    item.contextValue = 'strategy'
    item.tooltip = new vscode.MarkdownString(heavy().describeStrategy(node.meta))
    item.command = { title: 'Read its page', command: 'thaw.openPage', arguments: [`strategies/${name}`] }
    return item
  }
}
