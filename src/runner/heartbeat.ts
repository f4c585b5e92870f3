import { workerData } from 'node:worker_threads'
import { beat } from './beat'
import { Cell, HEARTBEAT_MS, type HeartbeatData } from './pulseCells'

/** The worker thread that keeps `status.json` fresh while the main thread computes. */
const data = workerData as HeartbeatData
const cells = new Int32Array(data.shared)
for (;;) {
  const wake = Atomics.load(cells, Cell.wake)
  const stopping = Atomics.load(cells, Cell.stop) === 1
  beat(data)
  if (stopping || Atomics.load(cells, Cell.superseded) === 1) break
  Atomics.wait(cells, Cell.wake, wake, HEARTBEAT_MS)
}
