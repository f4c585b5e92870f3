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
 * Runs the command line in a process of its own: what decodes images or computes never runs in the host.
 * @throws Error in a workspace that is not trusted
 */
export async function runCli(
  args: readonly string[],
  options: { cwd?: string; signal?: AbortSignal; onError?: (text: string) => void } = {},
): Promise<CliResult> {
  if (!vscode.workspace.isTrusted) throw new Error(UNTRUSTED)
  const { path, env } = await readyNode()
  return new Promise((resolve, reject) => {
    const child = spawn(path, [bundleFile('cli.js'), ...args], {
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
