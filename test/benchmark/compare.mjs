// `npm run bench -- native [NETWORK …] [--backends native,wasm] [--rounds N]`: each network on each back end and in
// PyTorch, a process each, asked in turns; one JSON line a row. `--profile forward,step`: instead, by operation.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const networks = {
  resnet18: [16, 96],
  resnet50: [8, 160],
  mobilenet_v2: [16, 128],
  efficientnet_lite0: [16, 128],
}
/** Ours, and what of PyTorch's it is held against. */
const rows = [
  ['forward', 'forward'],
  ['step', 'step'],
  ['last', 'last'],
  ['last-cached', 'last'],
  ['last-cached', 'last-cached'],
  ['probe', 'probe'],
  ['probe', 'probe-cached'],
]
/** Steps until the allocators have what they need, and as many over which nothing may grow; a step of others takes seconds. */
const steps = (backend) => (backend === 'native' ? 60 : 6)
export const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1]
const round = (value) => Number(value.toPrecision(4))

/** A process that answers each line with a number. */
async function start(command, args, env = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const next = async () => {
    const { value, done } = await lines.next()
    if (done) {
      const [code, signal] = await ended
      throw new Error(`${args.join(' ')} ended with ${signal ?? code}`)
    }
    return value
  }
  const about = await next()
  const answer = (name) => {
    child.stdin.write(`${name}\n`)
    return next()
  }
  const ask = async (name) => Number(await answer(name))
  return { about, ask, answer, end: () => child.stdin.end() }
}

/** @param {{node: string, serve: string, python: string, peer: string, threads: string}} tools */
export async function compareNetworks(tools, args) {
  const option = (name, otherwise) => (args.includes(name) ? args[args.indexOf(name) + 1] : otherwise)
  const backends = option('--backends', 'native').split(',')
  const rounds = Number(option('--rounds', '9'))
  const wanted = Object.keys(networks).filter((name) => args.includes(name))
  const env = { OMP_NUM_THREADS: tools.threads, TF_NUM_INTRAOP_THREADS: tools.threads }
  for (const network of wanted.length ? wanted : Object.keys(networks)) {
    const shape = networks[network].map(String)
    if (args.includes('--profile')) {
      for (const backend of backends) {
        const ours = await start(tools.node, [tools.serve, backend, network, ...shape], env)
        for (const bench of option('--profile', 'step').split(','))
          for (const share of JSON.parse(await ours.answer(`profile ${bench}`)))
            console.log(JSON.stringify({ network, backend, bench, ...share, ms: round(share.ms) }))
        ours.end()
      }
      continue
    }
    const layouts = ['contiguous_format', 'channels_last']
    const peers = []
    for (const layout of layouts)
      peers.push(await start(tools.python, [tools.peer, network, ...shape, layout], env))
    for (const backend of backends) {
      const ours = await start(tools.node, [tools.serve, backend, network, ...shape], env)
      const times = await inTurns(ours, peers, rounds)
      for (const [mine, theirs] of rows) {
        const us = times.get(`ours ${mine}`)
        const row = {
          network,
          batch: shape[0],
          px: shape[1],
          backend,
          bench: mine,
          against: theirs,
          ours_ms: round(us),
        }
        layouts.forEach((layout, i) => {
          const other = times.get(`${i} ${theirs}`)
          Object.assign(row, { [`${layout}_ms`]: round(other), [`ratio_${layout}`]: round(us / other) })
        })
        console.log(JSON.stringify(row))
      }
      const { tensors, mb } = await growth(ours, steps(backend))
      console.log(
        JSON.stringify({
          network,
          backend,
          bench: 'memory high-water mark',
          ours_mb: round(await ours.ask('memory')),
          peers_mb: await Promise.all(peers.map(async (peer) => round(await peer.ask('memory')))),
          [`growth_${steps(backend)}_steps`]: { tensors, mb: round(mb) },
          peers: peers.map(({ about }) => about),
          threads: tools.threads,
        }),
      )
      ours.end()
    }
    for (const peer of peers) peer.end()
  }
}

/** What the middle of the resident size moved by from the first half of the steps to the second, in MB, and tensors. */
async function growth(ours, count) {
  for (let i = 0; i < count; i++) await ours.ask('step')
  const before = await ours.ask('tensors')
  const sizes = []
  for (let i = 0; i < count; i++) {
    await ours.ask('step')
    sizes.push(await ours.ask('resident'))
  }
  const half = count / 2
  return {
    tensors: (await ours.ask('tensors')) - before,
    mb: median(sizes.slice(half)) - median(sizes.slice(0, half)),
  }
}

/** Medians; the first round warms up. */
async function inTurns(ours, peers, rounds) {
  const times = new Map()
  for (let i = -1; i < rounds; i++)
    for (const bench of new Set(rows.map(([mine]) => mine))) {
      const against = new Set(rows.filter(([mine]) => mine === bench).map(([, theirs]) => theirs))
      const note = (key, ms) => i >= 0 && times.set(key, [...(times.get(key) ?? []), ms])
      note(`ours ${bench}`, await ours.ask(bench))
      for (const theirs of against)
        for (const [k, peer] of peers.entries()) note(`${k} ${theirs}`, await peer.ask(theirs))
    }
  return new Map([...times].map(([key, values]) => [key, median(values)]))
}
