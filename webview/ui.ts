/** The one place that knows Microsoft's archived toolkit: what replaces it, replaces it here. */
import { provideVSCodeDesignSystem, vsCodeButton } from '@vscode/webview-ui-toolkit'

export function registerControls(): void {
  provideVSCodeDesignSystem().register(vsCodeButton())
}
