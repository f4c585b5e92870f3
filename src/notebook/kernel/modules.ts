import { existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import vm from 'node:vm'
import { compile } from '../../own/sources'
import { UserError } from '../../spec/types'

type Exports = Record<string, unknown>

const ENDINGS = ['', '.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.json', '/index.ts', '/index.js']
const TYPESCRIPT = new Set(['.ts', '.mts', '.cts'])

/**
 * What cells import: files of the workspace, TypeScript included, and packages of its node_modules. A file that has
 * changed is read again, and so is what imports it.
 */
export class Modules {
  private readonly loaded = new Map<string, { time: number; parts: string[]; exports: Exports }>()
  /** One import at a time, so that a file under way is not begun twice. */
  private turn: Promise<unknown> = Promise.resolve()

  /** @param own modules of Thaw's by name, loaded when asked for */
  constructor(
    private readonly base: string,
    private readonly own: Readonly<Record<string, () => Promise<unknown>>>,
  ) {}

  /** @throws UserError when there is no such file */
  import(name: string): Promise<Exports> {
    const next = this.turn.then(() => this.load(name, this.base))
    this.turn = next.catch(() => undefined)
    return next
  }

  private async load(name: string, from: string): Promise<Exports> {
    if (Object.hasOwn(this.own, name)) return (await this.own[name]!()) as Exports
    if (name.startsWith('node:')) return (await import(name)) as Exports
    if (!name.startsWith('.') && !isAbsolute(name)) return this.loadPackage(name, from)
    const path = ENDINGS.map((ending) => resolve(from, name) + ending).find(isFile)
    if (!path)
      throw new UserError(`There is no file "${name}" to import (looked in ${from}); correct the path.`)
    if (extname(path) === '.json') {
      const value = JSON.parse(readFileSync(path, 'utf8')) as unknown
      return { default: value, ...(typeof value === 'object' ? value : {}) }
    }
    if (TYPESCRIPT.has(extname(path))) return this.loadTypeScript(path)
    // the time as a query, since Node never reads a module again under the same address
    return (await import(`${pathToFileURL(path).href}?t=${statSync(path).mtimeMs}`)) as Exports
  }

  private async loadPackage(name: string, from: string): Promise<Exports> {
    let path: string
    try {
      path = createRequire(join(from, 'cell.js')).resolve(name)
    } catch (error) {
      // packages that only ES modules can import resolve through Node's own rules from here
      if ((error as NodeJS.ErrnoException).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED')
        return this.loadModulePackage(name, from)
      throw new UserError(
        `There is no package "${name}" in the node_modules of ${from} or above; install it there, or correct its name.`,
      )
    }
    return (await import(isAbsolute(path) ? pathToFileURL(path).href : path)) as Exports
  }

  /** A small module beside the notebook would resolve it; a script that is told to stand there does too. */
  private async loadModulePackage(name: string, from: string): Promise<Exports> {
    const script = new vm.Script(`import(${JSON.stringify(name)})`, {
      filename: join(from, 'cell.js'),
      importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    })
    return (await script.runInThisContext()) as Exports
  }

  private async loadTypeScript(path: string): Promise<Exports> {
    const known = this.loaded.get(path)
    if (known && [path, ...known.parts].every((part) => timeOf(part) <= known.time)) return known.exports
    const entry = { time: timeOf(path), parts: [] as string[], exports: {} as Exports }
    // known before it is done: files may import each other
    this.loaded.set(path, entry)
    try {
      const code = compile(path, readFileSync(path, 'utf8'))
      const needed = new Map<string, unknown>()
      for (const [, name] of code.matchAll(/require\(\s*'([^']+)'\s*\)/g)) {
        const module = await this.load(name!, dirname(path))
        needed.set(name!, interop(module))
        const part = [...this.loaded].find(([, { exports }]) => exports === module)
        if (part) entry.parts.push(part[0], ...part[1].parts)
      }
      entry.time = Math.max(entry.time, ...entry.parts.map(timeOf))
      const wrapped = `(function (exports, require, module) {${code}\n})`
      const run = new vm.Script(wrapped, {
        filename: path,
        importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      }).runInThisContext() as (exports: Exports, require: (name: string) => unknown, module: object) => void
      const module = { exports: entry.exports }
      run(entry.exports, (name) => needed.get(name), module)
      entry.exports = module.exports
      return entry.exports
    } catch (error) {
      this.loaded.delete(path)
      throw error
    }
  }
}

/** As TypeScript's imports look at a module: `default` is there although it was no compiled module. */
const interop = (module: Exports): Exports =>
  '__esModule' in module
    ? module
    : Object.assign(Object.create(null) as Exports, module, { __esModule: true })

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()
const timeOf = (path: string): number => (existsSync(path) ? statSync(path).mtimeMs : Infinity)
