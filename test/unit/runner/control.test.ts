import { once } from 'node:events'
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node.js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRunFolder, type RunFolder } from '../../../src/events'
import { sendControl } from '../../../src/runner'
import { ControlServer } from '../../../src/runner/controlServer'
import { Inbox } from '../../../src/runner/inbox'
import { createSocketPath } from '../../../src/runner/socketPath'

let base: string
let folder: RunFolder
let server: ControlServer
let inbox: Inbox
beforeEach(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'thaw-control-')))
  folder = createRunFolder(base, 'one')
  inbox = new Inbox()
  server = await ControlServer.open(folder, 1, inbox)
})
afterEach(async () => {
  await server.close()
  rmSync(base, { recursive: true })
})

/** A loop that does each command between two steps. */
async function serveOne(answer: unknown) {
  await inbox.wait()
  const [pending] = inbox.take()
  if (answer instanceof Error) pending!.fail!(answer.message)
  else pending!.done!(answer)
  return pending!
}

test('a command reaches the inbox with its source, and what came of it goes back', async () => {
  const [result, pending] = await Promise.all([
    sendControl(folder.path, { do: 'rate', factor: 2 }, 'panel'),
    serveOne({ factor: 2 }),
  ])
  expect(result).toEqual({ factor: 2 })
  expect(pending).toMatchObject({ command: { do: 'rate', factor: 2 }, source: 'panel' })
})

test('a command that cannot be done comes back as its sentence', async () => {
  const refusal = serveOne(new Error('no layer is called "x"'))
  await expect(sendControl(folder.path, { do: 'freeze', layers: ['x'] })).rejects.toThrow(
    'no layer is called "x"',
  )
  await refusal
})

test('whoever waits when the run ends is told so', async () => {
  const asked = expect(sendControl(folder.path, { do: 'pause' })).rejects.toThrow(/The run one has ended/)
  await inbox.wait()
  inbox.close('The run one has ended.')
  await server.close()
  await asked
  server = await ControlServer.open(folder, 1, inbox)
})

test('a wrong token, no token, noise or a malformed command reaches nothing', async () => {
  const address = JSON.parse(readFileSync(folder.control, 'utf8')) as { socket: string; token: string }
  expect(statSync(folder.control).mode & 0o777).toBe(0o600)
  const dial = async () => {
    const socket = connect(address.socket)
    await once(socket, 'connect')
    const connection = createMessageConnection(
      new SocketMessageReader(socket),
      new SocketMessageWriter(socket),
    )
    connection.listen()
    return { connection, closed: once(socket, 'close') }
  }
  const stop = { command: { do: 'stop' }, source: 'thief' }
  for (const token of ['', 'x'.repeat(64), null, 7, address.token.slice(1)]) {
    const { connection, closed } = await dial()
    await expect(connection.sendRequest('hello', token)).rejects.toThrow(/token is wrong/)
    await closed
  }
  const bare = await dial()
  await expect(bare.connection.sendRequest('command', stop)).rejects.toThrow(/token must come first/)
  await bare.closed
  const noise = connect(address.socket)
  noise.on('error', () => {})
  noise.write('GET / HTTP/1.1\r\n\r\n')
  await once(noise, 'close')
  const known = await dial()
  await known.connection.sendRequest('hello', address.token)
  for (const bad of [
    {},
    { ...stop, command: { do: 'explode' } },
    { ...stop, command: { do: 'rate', factor: -1 } },
    null,
  ]) {
    await expect(known.connection.sendRequest('command', bad)).rejects.toThrow()
  }
  known.connection.end()
  await known.closed
  expect(inbox.take()).toEqual([])
})

test('a server that closes after a newer attempt has opened its own leaves the newer one to be found', async () => {
  const newer = await ControlServer.open(folder, 2, inbox)
  await server.close()
  const [answer] = await Promise.all([sendControl(folder.path, { do: 'pause' }), serveOne('paused')])
  expect(answer).toBe('paused')
  server = newer
})

test('socket paths are short, under a folder of this user alone, and differ each time; a pipe on Windows', () => {
  const long = `/${'x'.repeat(400)}`
  const [a, b] = [createSocketPath(long), createSocketPath(long)]
  expect(a).not.toBe(b)
  expect(a.length).toBeLessThanOrEqual(103)
  expect(createSocketPath(long, 'win32')).toMatch(/^\\\\\.\\pipe\\thaw-[0-9a-f]{20}$/)
})
