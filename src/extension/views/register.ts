import * as vscode from 'vscode'
import type { Panels } from '../panel/panels'
import type { Watch } from '../watch'
import { AssetsView } from './assetsView'
import { registerAssetCommands } from './assetCommands'
import { registerNative } from './nativeCommands'
import { registerRunCommands } from './runCommands'
import { RunsView } from './runsView'
import { StrategiesView } from './strategiesView'
import { registerTune } from './tune'

/** The Thaw side bar. Views ask for what they show only once they are seen. */
export function registerViews(
  context: vscode.ExtensionContext,
  panels: Panels,
  watch: Watch,
): { runs: RunsView; disposables: vscode.Disposable[] } {
  const runs = new RunsView(context.workspaceState, (found) => watch.adopt(found))
  watch.onFollow = () => void runs.lookAnew()
  const assets = new AssetsView()
  const disposables = [
    runs,
    assets,
    vscode.window.registerTreeDataProvider('thaw.strategies', new StrategiesView()),
    vscode.window.registerTreeDataProvider('thaw.assets', assets),
    ...registerRunCommands(runs, panels, watch),
    ...registerAssetCommands(context.extensionUri, assets),
    ...registerNative(assets),
    ...registerTune(),
  ]
  return { runs, disposables }
}
