import * as vscode from 'vscode'
import { heavy } from '../load'
import type { Asset, AssetGroup } from './assets'

export type AssetNode =
  | { kind: 'group'; group: AssetGroup }
  | { kind: 'asset'; asset: Asset }
  | { kind: 'finding'; severity: 'error' | 'warning'; text: string }

const icons: Record<Asset['kind'], string> = {
  packagedModel: 'package',
  modelFile: 'file-binary',
  packagedData: 'package',
  imageFolder: 'file-media',
}

/** Networks and image sets: in the package and in the workspace; a folder opens to what an audit says of it. */
export class AssetsView implements vscode.TreeDataProvider<AssetNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<AssetNode | undefined>()
  readonly onDidChangeTreeData = this.changed.event
  private readonly audits = new Map<string, Promise<AssetNode[]>>()

  dispose(): void {
    this.changed.dispose()
  }

  refresh(): void {
    this.audits.clear()
    this.changed.fire(undefined)
  }

  async getChildren(node?: AssetNode): Promise<AssetNode[]> {
    if (!node) return (await heavy().findAssets()).map((group) => ({ kind: 'group', group }))
    if (node.kind === 'group') return node.group.assets.map((asset) => ({ kind: 'asset', asset }))
    if (node.kind !== 'asset' || node.asset.kind !== 'imageFolder') return []
    const { path } = node.asset
    let audit = this.audits.get(path!)
    if (!audit) this.audits.set(path!, (audit = this.audit(path!)))
    return audit
  }

  /** In a process of its own: images are decoded for it. */
  private async audit(path: string): Promise<AssetNode[]> {
    const { code, stdout, stderr } = await heavy().runCli(['audit', path, '--json'])
    try {
      const { classes, images, findings } = JSON.parse(stdout) as {
        classes: { name: string; images: number }[]
        images: number
        findings: { severity: 'error' | 'warning'; message: string }[]
      }
      const summary = `${images} images in ${classes.length} classes${findings.length === 0 ? '; nothing odd found' : ''}`
      return [
        { kind: 'finding', severity: 'warning', text: summary },
        ...findings.map(({ severity, message }): AssetNode => ({ kind: 'finding', severity, text: message })),
      ]
    } catch {
      return [
        { kind: 'finding', severity: 'error', text: stderr.trim() || `the audit ended with code ${code}` },
      ]
    }
  }

  getTreeItem(node: AssetNode): vscode.TreeItem {
    if (node.kind === 'finding') {
      const item = new vscode.TreeItem(node.text)
      item.tooltip = node.text
      item.iconPath = new vscode.ThemeIcon(node.severity === 'error' ? 'error' : 'info')
      return item
    }
    if (node.kind === 'group') {
      const item = new vscode.TreeItem(node.group.title, vscode.TreeItemCollapsibleState.Expanded)
      item.id = node.group.title
      return item
    }
    const { name, description, detail, kind, path } = node.asset
    const folder = kind === 'imageFolder'
    const item = new vscode.TreeItem(
      name,
      folder ? vscode.TreeItemCollapsibleState.Collapsed : vscode.TreeItemCollapsibleState.None,
    )
    item.id = `${kind}/${path ?? name}`
    item.description = description
    item.tooltip = detail ?? path ?? name
    item.contextValue = kind
    item.iconPath = new vscode.ThemeIcon(icons[kind])
    return item
  }
}
