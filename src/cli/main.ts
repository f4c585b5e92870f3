import { version } from '../../package.json'
import { runProgram } from './program'
import { processTerminal } from './terminal'

// a reader that has closed its end (`thaw ls | head`) is no error
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}

void runProgram(process.argv.slice(2), { terminal: processTerminal(), exitCode: 0 }, version).then((code) => {
  process.exitCode = code
})
