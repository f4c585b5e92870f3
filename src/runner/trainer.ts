import { dirname } from 'node:path'
import { trainRun } from '../engine/train'
import { ExitCode } from '../spec/types'
import { RunQueue } from './queue'
import { runAttempt } from './runAttempt'

/** The trainer process: `node trainer.js RUN_FOLDER ATTEMPT`, started by `launch`. */
const [folder, number] = process.argv.slice(2)
if (!folder || !number) {
  process.stderr.write(
    'Usage: trainer.js RUN_FOLDER ATTEMPT. It is started by `thaw run` and `thaw resume`.\n',
  )
  process.exit(ExitCode.userError)
}
const { pid, version, execPath } = process
const origin = process.env.THAW_NODE_ORIGIN ?? 'started by hand'
process.stdout.write(
  `${new Date().toISOString()} attempt ${number}: process ${pid}, Node ${version} at ${execPath} (${origin})\n`,
)

/** A run that ends makes room for one that waits. */
async function startNext(runFolder: string): Promise<void> {
  try {
    await new RunQueue(dirname(runFolder)).pump()
  } catch (error) {
    process.stderr.write(`The next run of the queue was not started: ${String(error)}\n`)
  }
}

runAttempt(folder, Number(number), trainRun).then(
  async (code) => {
    await startNext(folder)
    process.exit(code)
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(error instanceof Error && 'exitCode' in error ? Number(error.exitCode) : ExitCode.runFailed)
  },
)
