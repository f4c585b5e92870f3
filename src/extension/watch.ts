import * as vscode from 'vscode'
import type { RunSummary } from '../runner/list'
import type { Glance } from './glance'
import { statusText, statusWords } from './glanceText'
import { heavy } from './load'
import { log } from './output'
import { tellEnd } from './notices'
import type { Panels } from './panel/panels'

const isAlive = ({ state }: { state: string }): boolean =>
  state === 'running' || state === 'paused' || state === 'preparing' || state === 'queued'

interface Followed {
  glance: Glance
  /** Attempt whose end was told. */
  told: number
  stop(): void
}

/**
 * The runs that this window has started or has found under way: the newest is in the status bar, and how one ends is
 * told where nobody looks at it.
 */
export class Watch implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('thaw.run', vscode.StatusBarAlignment.Left, 10)
  /** By folder, the newest last. */
  private readonly runs = new Map<string, Followed>()

  /** Told of each run that is followed from now on. */
  onFollow: () => void = () => {}

  constructor(private readonly panels: Panels) {
    this.item.name = 'Thaw run'
  }

  /** From now on; how it ended before is not told again. */
  follow(folder: string): void {
    if (this.runs.has(folder)) return
    const feed = this.panels.feed(folder)
    const { glanceAt, isRunFolder } = heavy()
    const glance = glanceAt(feed)
    const followed: Followed = { glance, told: 0, stop: feed.onChange(() => look()) }
    const look = () => {
      if (!isRunFolder(folder)) return this.forget(folder)
      followed.glance = glanceAt(feed)
      const { state, attempt, step } = followed.glance
      if (!isAlive({ state }) && followed.told < attempt) {
        followed.told = attempt
        log(`run in ${folder}, attempt ${attempt}: ${state} at step ${step}`)
        tellEnd(folder, followed.glance, this.panels.activeRun === folder)
      }
      this.show()
    }
    this.runs.set(folder, followed)
    this.show()
    this.onFollow()
  }

  /** Follows those under way that it does not know yet: started before a reload, or from elsewhere. */
  adopt(runs: readonly RunSummary[]): void {
    const found = runs.filter((run) => isAlive(run) && !this.runs.has(run.folder))
    for (const { folder } of found.sort((a, b) => a.created - b.created)) this.follow(folder)
    for (const folder of this.runs.keys()) if (!heavy().isRunFolder(folder)) this.forget(folder)
  }

  /** Looks for runs that were under way before this window was there. */
  async findUnderWay(): Promise<void> {
    const folders = vscode.workspace.workspaceFolders ?? []
    const found = await Promise.all(
      folders.map(({ uri }) =>
        vscode.workspace.fs.stat(vscode.Uri.joinPath(uri, '.thaw', 'runs')).then(
          () => true,
          () => false,
        ),
      ),
    )
    if (!found.includes(true)) return
    const { findRunsFolders, runIndex } = heavy()
    this.adopt(await runIndex.list(await findRunsFolders()))
  }

  dispose(): void {
    for (const { stop } of this.runs.values()) stop()
    this.item.dispose()
  }

  private forget(folder: string): void {
    this.runs.get(folder)?.stop()
    if (this.runs.delete(folder)) log(`the run folder ${folder} is gone`)
    this.show()
  }

  /** The newest under way, else the newest. */
  private show(): void {
    const all = [...this.runs]
    const alive = all.filter(([, { glance }]) => isAlive(glance))
    const shown = alive.at(-1) ?? all.at(-1)
    if (!shown) return this.item.hide()
    const [folder, { glance }] = shown
    const words = statusWords(glance)
    this.item.text = statusText(glance, Math.max(0, alive.length - 1))
    this.item.tooltip = `${words}\nClick to open.`
    this.item.accessibilityInformation = { label: `Thaw: ${words.replaceAll('\n', ', ')}` }
    this.item.backgroundColor =
      glance.state === 'failed' ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined
    this.item.command = { title: 'Open the run', command: 'thaw.openRun', arguments: [folder] }
    this.item.show()
  }
}
