// One side of `npm run bench -- native`: reads the name of a bench a line, answers with its milliseconds a line.
// `memory` is answered with the high-water mark of the resident size in MB, `resident` with that size now, `tensors` with
// their number, `profile BENCH` with JSON: where its time goes by operation.
import { createInterface } from 'node:readline'
import { tf, type BackendName } from '../../src/engine/backend'
import { networkBenches } from './networks'
import { profile } from './profile'

async function main([backend, architecture, batch, size]: string[]): Promise<void> {
  const benches: Record<string, () => unknown> = {
    ...(await networkBenches(backend as BackendName, architecture!, Number(batch), Number(size))),
  }
  console.log(`ready ${backend}`)
  for await (const name of createInterface({ input: process.stdin })) {
    if (name === 'memory') console.log(process.resourceUsage().maxRSS / 1024)
    else if (name === 'resident') console.log(process.memoryUsage.rss() / 2 ** 20)
    else if (name.startsWith('profile '))
      console.log(JSON.stringify(profile(benches[name.slice('profile '.length)]!)))
    else if (name === 'tensors') console.log(tf.memory().numTensors)
    else {
      const began = performance.now()
      benches[name]!()
      console.log(performance.now() - began)
    }
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
