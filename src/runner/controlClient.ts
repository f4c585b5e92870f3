import { connect } from 'node:net'
import { once } from 'node:events'
import {
  createMessageConnection,
  ResponseError,
  SocketMessageReader,
  SocketMessageWriter,
  type MessageConnection,
} from 'vscode-jsonrpc/node.js'
import type { ControlCommand } from '../engine/train/types'
import { openRunFolder, type RunFolder } from '../events'
import { ExitCode, UserError } from '../spec/types'
import { Method } from './commands'
import { readAddress } from './controlServer'
import { livenessOfRun } from './liveness'

async function open(folder: RunFolder): Promise<MessageConnection> {
  const address = readAddress(folder)
  const dead = () => new UserError(`The run ${folder.id} is not running, so it cannot be told anything.`)
  if (!address) {
    if (livenessOfRun(folder.path) !== 'alive') throw dead()
    throw new UserError(
      `The run ${folder.id} is just starting or ending and cannot be told anything now; try again.`,
    )
  }
  const socket = connect(address.socket)
  try {
    await once(socket, 'connect')
  } catch {
    throw dead()
  }
  const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket))
  socket.on('error', () => socket.destroy())
  connection.onClose(() => socket.destroy())
  connection.listen()
  return connection
}

/**
 * Tells a running run to do something between two steps, and gives what came of it once it is done.
 *
 * @param source who asks, as it stands in the run's log: 'cli', 'panel' …
 * @throws UserError when the run is not running or the command cannot be done
 */
export async function sendControl(path: string, command: ControlCommand, source = 'cli'): Promise<unknown> {
  const folder = openRunFolder(path)
  const address = readAddress(folder)
  const connection = await open(folder)
  try {
    const closed = new Promise<never>((_resolve, reject) => {
      connection.onClose(() =>
        reject(new UserError(`The run ${folder.id} ended before it answered.`, ExitCode.runFailed)),
      )
    })
    closed.catch(() => undefined)
    const answer = async () => {
      await connection.sendRequest(Method.hello, address?.token)
      return connection.sendRequest(Method.command, { command, source })
    }
    return await Promise.race([answer(), closed])
  } catch (error) {
    throw error instanceof ResponseError ? new UserError(error.message) : error
  } finally {
    connection.dispose()
    connection.end()
  }
}
