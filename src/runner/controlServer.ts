import { randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { once } from 'node:events'
import { sync as writeFileAtomic } from 'write-file-atomic'
import {
  createMessageConnection,
  ErrorCodes,
  ResponseError,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node.js'
import type { RunFolder } from '../events'
import { Method, requestSchema } from './commands'
import type { Inbox } from './inbox'
import { createSocketPath } from './socketPath'

/** `control.json`. */
export interface ControlAddress {
  v: 1
  attempt: number
  socket: string
  token: string
}

/** Undefined when nobody listens. */
export function readAddress(folder: RunFolder): ControlAddress | undefined {
  try {
    return JSON.parse(readFileSync(folder.control, 'utf8')) as ControlAddress
  } catch {
    return undefined
  }
}

/** How long a client may take to say who it is. */
const HELLO_MS = 5000

/** Time in which the answer to one who is refused leaves. */
const REFUSAL_MS = 50

/** How long clients may take to read their last answers. */
const FAREWELL_MS = 500

function sameToken(a: unknown, b: string): boolean {
  if (typeof a !== 'string' || Buffer.byteLength(a) !== Buffer.byteLength(b)) return false
  return timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

/** Listens for commands of whoever can read `control.json` (mode 0600) and puts them into the inbox. */
export class ControlServer {
  private readonly sockets = new Set<Socket>()

  private constructor(
    private readonly server: Server,
    private readonly address: ControlAddress,
    private readonly folder: RunFolder,
  ) {}

  static async open(folder: RunFolder, attempt: number, inbox: Inbox): Promise<ControlServer> {
    const address = {
      v: 1,
      attempt,
      socket: createSocketPath(folder.path),
      token: randomBytes(32).toString('hex'),
    } as const
    const server = createServer()
    const control = new ControlServer(server, address, folder)
    server.on('connection', (socket) => control.serve(socket, inbox))
    server.listen(address.socket)
    await once(server, 'listening')
    // a mode of its own would be undone by that of an older file, which the library keeps
    rmSync(folder.control, { force: true })
    writeFileAtomic(folder.control, JSON.stringify(address), { mode: 0o600, fsync: false })
    return control
  }

  private serve(socket: Socket, inbox: Inbox): void {
    this.sockets.add(socket)
    const { token } = this.address
    let trusted = false
    const connection = createMessageConnection(
      new SocketMessageReader(socket),
      new SocketMessageWriter(socket),
    )
    const refuse = (message: string) => {
      setTimeout(() => socket.destroy(), REFUSAL_MS).unref()
      return new ResponseError(ErrorCodes.InvalidRequest, message)
    }
    const late = setTimeout(() => trusted || socket.destroy(), HELLO_MS)
    const gone = () => {
      clearTimeout(late)
      this.sockets.delete(socket)
      connection.dispose()
    }
    socket.once('close', gone)
    socket.on('error', () => socket.destroy())
    connection.onError(() => socket.destroy())
    connection.onRequest(Method.hello, (given: unknown) => {
      trusted ||= sameToken(given, token)
      return trusted ? { attempt: this.address.attempt } : refuse('The token is wrong.')
    })
    connection.onRequest(Method.command, async (request: unknown) => {
      if (!trusted) return refuse('The token must come first.')
      const parsed = requestSchema.safeParse(request)
      if (!parsed.success) return new ResponseError(ErrorCodes.InvalidParams, parsed.error.issues[0]!.message)
      try {
        return (await inbox.ask(parsed.data.command, parsed.data.source)) ?? null
      } catch (error) {
        return new ResponseError(ErrorCodes.InternalError, (error as Error).message)
      }
    })
    connection.listen()
  }

  /** Takes no more clients, lets those that are there read their answers, then closes. */
  async close(): Promise<void> {
    this.removeAddress()
    const closed = once(this.server, 'close')
    this.server.close()
    await Promise.race([closed, sleep(FAREWELL_MS)])
    for (const socket of this.sockets) socket.destroy()
    await closed
    rmSync(this.address.socket, { force: true })
  }

  /** Unless a newer attempt has put its own there. */
  private removeAddress(): void {
    if (readAddress(this.folder)?.token === this.address.token) rmSync(this.folder.control, { force: true })
  }
}
