import { spawn } from 'node:child_process'
import { bundleFile } from '../runner/bundles'
import * as vscode from 'vscode'
import { readyNode } from './node'
import { log } from './output'
import { UNTRUSTED } from './trust'

export interface CliResult {
  code: number
  stdout: string
  stderr: string
}

/**
 * The command line as a process that somebody else starts.
 * @throws Error in a workspace that is not trusted
 */
export async function cliProcess(
  words: readonly string[],
): Promise<{ path: string; args: string[]; env: Record<string, string> }> {
  if (!vscode.workspace.isTrusted) throw new Error(UNTRUSTED)
  const { path, env } = await readyNode()
  return { path, args: [bundleFile('cli.js'), ...words], env: { ...env } }
}

/**
 * Runs the command line in a process of its own: what decodes images or computes never runs in the host.
 * @throws Error in a workspace that is not trusted
 */
export async function runCli(
  args: readonly string[],
  options: { cwd?: string; signal?: AbortSignal; onError?: (text: string) => void } = {},
): Promise<CliResult> {
  const { path, args: all, env } = await cliProcess(args)
  return new Promise((resolve, reject) => {
    const child = spawn(path, all, {
      cwd: options.cwd,
      env: { ...process.env, ...env, NO_COLOR: '1' },
      signal: options.signal,
      windowsHide: true,
    })
    log(`thaw ${args.join(' ')}: process ${child.pid ?? 'unknown'}`)
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
      options.onError?.(chunk.toString())
    })
    child.on('error', reject)
    child.on('close', (code) => {
      log(`thaw ${args[0] ?? ''}: process ${child.pid ?? 'unknown'} ended with code ${code ?? 'unknown'}`)
      resolve({ code: code ?? 1, stdout, stderr })
    })
  })
}
