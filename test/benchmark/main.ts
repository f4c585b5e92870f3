// Our side of `npm run bench`; see .ci/bench.mjs. `node bench.cjs PYTHON PEER [BENCH …]`
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { flat } from './flat'
import { packagedNetwork } from './network'
import { kernelStart, roundTrips, stepCosts } from './notebook'
import { probe, recording } from './session'
import { compareStrategies, heapOf } from './strategies'

const median = (values: number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!
const round = (value: number): number => Number(value.toPrecision(4))

function row(bench: string, ours: number, peer: number, more: object = {}): void {
  console.log(
    JSON.stringify({ bench, ours_ms: round(ours), peer_ms: round(peer), ratio: round(ours / peer), ...more }),
  )
}

/** PyTorch in one process of its own that answers each name with milliseconds. */
async function startPeer(python: string, script: string) {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${python} ended; Debian: apt-get install python3-torch, or set THAW_PYTHON`)
    return value
  }
  const version = await next()
  const ask = async (name: string) => {
    child.stdin.write(`${name}\n`)
    return Number(await next())
  }
  return { version, ask, end: () => child.stdin.end() }
}

/** Medians of ours and of each peer's, taken in turns so that both see the same machine. */
async function interleave(
  rounds: number,
  ours: () => Promise<number>,
  peers: string[],
  ask: (n: string) => Promise<number>,
) {
  const times: number[][] = [[], ...peers.map(() => [])]
  for (let i = -1; i < rounds; i++) {
    const now = [await ours()]
    for (const peer of peers) now.push(await ask(peer))
    // the first round warms up
    if (i >= 0) now.forEach((ms, k) => times[k]!.push(ms))
  }
  return times.map(median)
}

/** `notebook`: needs a built `dist/`; what it may cost stands beside each figure. */
async function notebookRows(): Promise<void> {
  const say = (bench: string, ours: number, limit: number, more: object = {}) =>
    console.log(JSON.stringify({ bench, ours_ms: round(ours), limit_ms: limit, ...more }))
  const { first, wasm } = await kernelStart()
  say('kernel: from its start to a session that stands on wasm', wasm, 1500, { first_cell_ms: round(first) })
  say('kernel: round trip of a cell beside its work', median(await roundTrips(15)), 30)
  const { notebook, run } = await stepCosts(20)
  const [ours, plain] = [median(notebook), median(run)]
  say('step(1) in a notebook against a run, processor time', ours, round(plain * 1.05), {
    run_ms: round(plain),
    ratio: round(ours / plain),
  })
}

/** `strategies [NAME …] [--backend B] [--rounds N] [--batch N] [--heap]`: ours against ours, so no peer is started. */
async function strategyRows(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      backend: { type: 'string', default: 'wasm' },
      rounds: { type: 'string', default: '5' },
      batch: { type: 'string', default: '20' },
      heap: { type: 'boolean', default: false },
    },
  })
  const { backend, rounds, batch, heap } = values
  if (heap) return console.log(JSON.stringify(await heapOf(positionals[0]!, Number(batch))))
  const numbers = { rounds: Number(rounds), batch: Number(batch) }
  await compareStrategies(positionals, { backend, ...numbers }, (one) => console.log(JSON.stringify(one)))
}

async function main([python, script, ...names]: string[]): Promise<void> {
  if (names[0] === 'strategies') return strategyRows(names.slice(1))
  if (names[0] === 'notebook') return notebookRows()
  const wanted = (name: string) => names.length === 0 || names.includes(name)
  const peer = await startPeer(python!, script!)
  const about = { peer: peer.version }
  if (wanted('step')) {
    const network = await packagedNetwork()
    const ours = async () => {
      const began = performance.now()
      network.step()
      return performance.now() - began
    }
    const [us, plain, last] = await interleave(9, ours, ['step', 'step-channels-last'], peer.ask)
    row('wasm full step, EfficientNet-Lite0 to stage 6, 96 px, batch 20', us!, plain!, about)
    row('the same against channels_last', us!, last!, about)
  }
  if (wanted('probe')) {
    const [us, plain, cached] = await interleave(3, probe, ['probe', 'probe-cached'], peer.ask)
    row('linear probe, 10 epochs of 100 images', us!, plain!, about)
    row('the same against cached features', us!, cached!, about)
  }
  peer.end()
  if (wanted('recording')) {
    const { record, other } = await recording(40)
    row('recording against the rest of 40 full steps', record, other)
  }
  if (wanted('flat')) {
    const steps = 10_000
    const { ms, ...growth } = await flat(steps)
    console.log(
      JSON.stringify({ bench: `growth over ${steps} steps of a small net`, ours_ms: round(ms), ...growth }),
    )
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
