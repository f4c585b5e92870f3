/** Webview type of a run's panel; the editor keeps it over reloads. */
export const PANEL_TYPE = 'thaw.run'
