import * as vscode from 'vscode'
import type { RunSummary } from '../../runner/list'
import { heavy } from '../load'
import { log } from '../output'
import type { Arrangement, Grouping, RunGroup, Sorting } from './runRows'

export type RunNode = { kind: 'group'; group: RunGroup } | { kind: 'run'; run: RunSummary }

/** While the view is seen it looks again so often, in ms; nothing is looked at while it is not. */
const LOOK_MS = 1500

const STARS = 'thaw.starredRuns'
const ARRANGED = 'thaw.runsArrangement'

const icons: Record<RunSummary['state'], [name: string, colour?: string]> = {
  queued: ['watch'],
  preparing: ['loading~spin'],
  running: ['flame', 'charts.orange'],
  paused: ['debug-pause', 'charts.yellow'],
  finished: ['pass', 'charts.green'],
  stopped: ['circle-slash'],
  failed: ['error', 'charts.red'],
  interrupted: ['warning', 'charts.yellow'],
}

/** The list of runs in the side bar: live, grouped, filtered, sorted, starred. */
export class RunsView implements vscode.TreeDataProvider<RunNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<RunNode | undefined>()
  readonly onDidChangeTreeData = this.changed.event
  readonly tree: vscode.TreeView<RunNode>
  private runs: RunSummary[] = []
  private shown = ''
  private timer: NodeJS.Timeout | undefined
  private roots: { at: number; found: string[] } = { at: 0, found: [] }
  private arrangement: Omit<Arrangement, 'starred'>
  private starred: ReadonlySet<string>

  /** @param onRuns told what is there each time it was looked for */
  constructor(
    private readonly memento: vscode.Memento,
    private readonly onRuns: (runs: readonly RunSummary[]) => void,
  ) {
    this.starred = new Set(memento.get<string[]>(STARS, []))
    this.arrangement = memento.get(ARRANGED, { group: 'none', sort: 'newest', filter: '' })
    this.tree = vscode.window.createTreeView('thaw.runs', {
      treeDataProvider: this,
      canSelectMany: true,
      showCollapseAll: true,
    })
    this.tree.onDidChangeVisibility(({ visible }) => (visible ? this.look() : this.rest()))
    // not while the extension wakes
    if (this.tree.visible) setTimeout(() => void this.look(), 0)
  }

  dispose(): void {
    this.rest()
    this.tree.dispose()
    this.changed.dispose()
  }

  get all(): readonly RunSummary[] {
    return this.runs
  }

  /** Runs that a command from a context menu is meant for: the selection, when the clicked one is in it. */
  targets(node: RunNode | undefined, nodes: readonly RunNode[] | undefined): RunSummary[] {
    const meant = nodes?.length ? nodes : node ? [node] : this.tree.selection
    return meant.flatMap((one) => (one.kind === 'run' ? [one.run] : one.group.runs))
  }

  /** As `look`, with folders of runs that are new. */
  lookAnew(): Promise<void> {
    this.roots.at = 0
    return this.look()
  }

  async look(): Promise<void> {
    this.rest()
    try {
      this.runs = await heavy().runIndex.list(await this.rootsNow())
      this.onRuns(this.runs)
      void heavy()
        .startWaiting(this.runs)
        .catch((error) => log(String(error)))
    } catch (error) {
      log(`the runs could not be listed: ${String(error)}`)
    }
    // redrawn only when something that is seen has changed; age alone changes once a minute
    const now = `${JSON.stringify(this.runs)}${Math.floor(Date.now() / 60_000)}`
    if (now !== this.shown) {
      this.shown = now
      this.refresh()
    }
    this.rest()
    if (this.tree.visible) this.timer = setTimeout(() => void this.look(), LOOK_MS)
  }

  private rest(): void {
    clearTimeout(this.timer)
  }

  /** Folders of runs: of each workspace folder and beside each run file; looked for anew every 30 s. */
  private async rootsNow(): Promise<string[]> {
    if (Date.now() - this.roots.at > 30_000 || this.roots.found.length === 0)
      this.roots = { at: Date.now(), found: await heavy().findRunsFolders() }
    return this.roots.found
  }

  refresh(): void {
    const { filter } = this.arrangement
    this.tree.message = filter ? `Filter: ${filter}` : undefined
    const alive = this.runs.filter(({ state }) => state === 'running' || state === 'paused').length
    this.tree.badge = alive > 0 ? { value: alive, tooltip: `${alive} under way` } : undefined
    void vscode.commands.executeCommand('setContext', 'thaw.filtered', filter !== '' && this.runs.length > 0)
    this.changed.fire(undefined)
  }

  private arrangeBy(change: Partial<Omit<Arrangement, 'starred'>>): void {
    this.arrangement = { ...this.arrangement, ...change }
    void this.memento.update(ARRANGED, this.arrangement)
    this.refresh()
  }

  async chooseGrouping(): Promise<void> {
    const picked = await vscode.window.showQuickPick(
      (['none', 'state', 'strategy', 'folder'] as Grouping[]).map((label) => ({ label })),
      { placeHolder: `Group runs by (now ${this.arrangement.group})` },
    )
    if (picked) this.arrangeBy({ group: picked.label })
  }

  async chooseSorting(): Promise<void> {
    const picked = await vscode.window.showQuickPick(
      (['newest', 'accuracy', 'name'] as Sorting[]).map((label) => ({ label })),
      { placeHolder: `Sort runs by (now ${this.arrangement.sort})` },
    )
    if (picked) this.arrangeBy({ sort: picked.label })
  }

  async chooseFilter(): Promise<void> {
    const filter = await vscode.window.showInputBox({
      prompt: 'Words that occur in name, strategy, state or id; empty shows all',
      value: this.arrangement.filter,
    })
    if (filter !== undefined) this.arrangeBy({ filter: filter.trim() })
  }

  async star(folders: readonly string[], on: boolean): Promise<void> {
    const stars = new Set(this.starred)
    for (const folder of folders)
      if (on) stars.add(folder)
      else stars.delete(folder)
    this.starred = stars
    await this.memento.update(STARS, [...stars])
    this.refresh()
  }

  getChildren(node?: RunNode): RunNode[] {
    if (node) return node.kind === 'group' ? node.group.runs.map((run) => ({ kind: 'run', run })) : []
    const groups = heavy().arrange(this.runs, { ...this.arrangement, starred: this.starred })
    if (groups.length === 1 && groups[0]!.title === '')
      return this.getChildren({ kind: 'group', group: groups[0]! })
    return groups.map((group) => ({ kind: 'group', group }))
  }

  getTreeItem(node: RunNode): vscode.TreeItem {
    if (node.kind === 'group') {
      const item = new vscode.TreeItem(node.group.title, vscode.TreeItemCollapsibleState.Expanded)
      item.description = String(node.group.runs.length)
      item.contextValue = 'group'
      return item
    }
    return this.runItem(node.run)
  }

  private runItem(run: RunSummary): vscode.TreeItem {
    const item = new vscode.TreeItem(run.name)
    const star = this.starred.has(run.folder)
    const description = heavy().describeRun(run, Date.now())
    item.id = run.folder
    item.description = star ? `★ ${description}` : description
    const [icon, colour] = icons[run.state]
    item.iconPath = new vscode.ThemeIcon(icon, colour ? new vscode.ThemeColor(colour) : undefined)
    item.contextValue = `run.${run.state}.${star ? 'starred' : 'plain'}`
    item.tooltip = [
      run.name,
      `${run.strategy}, ${run.state}, step ${run.step} of ${run.steps}`,
      run.foreign && 'Its log was written by another version of Thaw, so its results cannot be read here.',
      run.message,
      run.id,
    ]
      .filter(Boolean)
      .join('\n')
    item.accessibilityInformation = {
      label: `${run.name}, ${run.state}, ${description}${star ? ', starred' : ''}`,
    }
    item.command = { title: 'Open', command: 'thaw.openRun', arguments: [run.folder] }
    return item
  }
}
