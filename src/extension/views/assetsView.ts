import * as vscode from 'vscode'
import { heavy } from '../load'
import { UNTRUSTED } from '../trust'
import type { Asset, AssetGroup } from './assets'

export type AssetNode =
  | { kind: 'group'; group: AssetGroup }
  | { kind: 'asset'; asset: Asset }
  | { kind: 'finding'; severity: 'error' | 'warning' | 'info'; text: string }

const icons: Record<Asset['kind'], string> = {
  packagedModel: 'package',
  modelFile: 'file-binary',
  packagedData: 'package',
  imageFolder: 'file-media',
  backend: 'chip',
  missingNative: 'chip',
  cache: 'database',
}

/**
 * Networks and image sets in the package and in the workspace, back ends, and what runs keep. A folder opens to what an
 * audit says of it.
 */
export class AssetsView implements vscode.TreeDataProvider<AssetNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<AssetNode | undefined>()
  readonly onDidChangeTreeData = this.changed.event
  /** Answers of processes, by what was asked; asked again after a refresh. */
  private readonly asked = new Map<string, Promise<AssetNode[]>>()
  private readonly trust = vscode.workspace.onDidGrantWorkspaceTrust(() => this.refresh())

  dispose(): void {
    this.changed.dispose()
    this.trust.dispose()
  }

  refresh(): void {
    this.asked.clear()
    this.changed.fire(undefined)
  }

  async getChildren(node?: AssetNode): Promise<AssetNode[]> {
    if (!node) {
      // the package is always there: without a folder the welcome text says more
      if (!vscode.workspace.workspaceFolders) return []
      return (await heavy().findAssets()).map((group) => ({ kind: 'group', group }))
    }
    if (node.kind === 'group') {
      const { title, assets } = node.group
      if (typeof assets !== 'function') return assets.map((asset) => ({ kind: 'asset', asset }))
      return this.ask(title, async () => {
        const found = await assets()
        return found.length > 0
          ? found.map((asset) => ({ kind: 'asset', asset }))
          : [{ kind: 'finding', severity: 'info', text: 'Nothing yet' }]
      })
    }
    if (node.kind !== 'asset' || node.asset.kind !== 'imageFolder') return []
    const { path } = node.asset
    return this.ask(path!, () => audit(path!))
  }

  private ask(what: string, find: () => Promise<AssetNode[]>): Promise<AssetNode[]> {
    if (!vscode.workspace.isTrusted)
      return Promise.resolve([{ kind: 'finding', severity: 'info', text: UNTRUSTED }])
    let answer = this.asked.get(what)
    if (!answer) {
      answer = find().catch((error: Error) => [{ kind: 'finding', severity: 'error', text: error.message }])
      this.asked.set(what, answer)
    }
    return answer
  }

  getTreeItem(node: AssetNode): vscode.TreeItem {
    if (node.kind === 'finding') {
      const item = new vscode.TreeItem(node.text)
      item.tooltip = node.text
      item.contextValue = 'finding'
      item.iconPath = new vscode.ThemeIcon(node.severity)
      return item
    }
    if (node.kind === 'group') {
      const { title, assets } = node.group
      const { Expanded, Collapsed } = vscode.TreeItemCollapsibleState
      const item = new vscode.TreeItem(title, typeof assets === 'function' ? Collapsed : Expanded)
      item.id = title
      item.contextValue = 'group'
      return item
    }
    const { name, description, detail, kind, path, missing } = node.asset
    const folder = kind === 'imageFolder'
    const item = new vscode.TreeItem(
      name,
      folder ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    )
    item.id = `${kind}/${path ?? name}`
    item.description = description
    item.tooltip = detail ?? path ?? name
    item.contextValue = kind
    item.iconPath = new vscode.ThemeIcon(
      icons[kind],
      missing ? new vscode.ThemeColor('disabledForeground') : undefined,
    )
    return item
  }
}

/** What an audit says of a folder of images, in a process of its own: images are decoded for it. */
async function audit(path: string): Promise<AssetNode[]> {
  const { code, stdout, stderr } = await heavy().runCli(['audit', path, '--json'])
  let answer: Audit
  try {
    answer = JSON.parse(stdout) as Audit
  } catch {
    throw new Error(stderr.trim() || `the audit ended with code ${code}`)
  }
  const { classes, images, findings } = answer
  const summary = `${images} images in ${classes.length} classes${findings.length === 0 ? '; nothing odd found' : ''}`
  return [
    { kind: 'finding', severity: 'info', text: summary },
    ...findings.map(({ severity, message }): AssetNode => ({ kind: 'finding', severity, text: message })),
  ]
}

interface Audit {
  classes: { name: string; images: number }[]
  images: number
  findings: { severity: 'error' | 'warning'; message: string }[]
}
