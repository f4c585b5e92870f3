// `npm start`: builds and runs the main job, the packaged demo. Arguments go to `thaw demo`.
import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './build.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
await bundle({ quiet: true })
const child = spawn(process.execPath, [join(root, 'dist/cli.js'), 'demo', ...process.argv.slice(2)], {
  stdio: 'inherit',
})
// the demo stops its own runs on Ctrl-C: wait for it instead of dying first
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal ? 130 : (code ?? 1)))
