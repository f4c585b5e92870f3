import * as vscode from 'vscode'
import type { Panels } from '../panel/panels'
import { AssetsView } from './assetsView'
import { registerAssetCommands } from './assetCommands'
import { registerRunCommands } from './runCommands'
import { RunsView } from './runsView'
import { StrategiesView } from './strategiesView'

/** The Thaw side bar. Views ask for what they show only once they are seen. */
export function registerViews(context: vscode.ExtensionContext, panels: Panels): vscode.Disposable[] {
  const runs = new RunsView(context.workspaceState)
  const assets = new AssetsView()
  return [
    runs,
    assets,
    vscode.window.registerTreeDataProvider('thaw.strategies', new StrategiesView()),
    vscode.window.registerTreeDataProvider('thaw.assets', assets),
    ...registerRunCommands(runs, panels),
    ...registerAssetCommands(context.extensionUri, assets),
  ]
}
