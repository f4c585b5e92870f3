import { join } from 'node:path'
import type tsModule from 'typescript'
import type { server } from 'typescript'
import { decorateHost } from './host'
import { Notebooks, type NotebookOrder } from './notebooks'
import { decorateService } from './service'

/** What TypeScript's server loads: cells of a Thaw notebook know the cells above and the cell API. */
export default ({ typescript: ts }: { typescript: typeof tsModule }): server.PluginModule => {
  const notebooks = new Notebooks(ts, join(__dirname, 'cell-api.d.ts').replaceAll('\\', '/'))
  const projects = new Set<server.Project>()
  return {
    create(info) {
      projects.add(info.project)
      const cells = decorateHost(ts, info.project, notebooks)
      return decorateService(ts, info.languageService, cells)
    },
    onConfigurationChanged(order: NotebookOrder) {
      notebooks.configure(order)
      for (const project of projects)
        if (project.isClosed()) projects.delete(project)
        else (project as server.Project & { markAsDirty(): void }).markAsDirty()
    },
  }
}
