import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CheckpointStore,
  emptyView,
  EventReader,
  foldEvents,
  highestAttempt,
  openRunFolder,
  readStatus,
  type RunEvent,
  type RunStatus,
} from '../../src/events'
import { livenessOfRun } from '../../src/runner'

const LIMIT_MS = 120_000

/** Waits for something to be so; says what was waited for. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false,
  limit = LIMIT_MS,
): Promise<T> {
  for (const end = Date.now() + limit; Date.now() < end; await sleep(10)) {
    const found = look()
    if (found !== undefined && found !== false) return found
  }
  throw new Error(`Waited ${limit / 1000} s for ${what}`)
}

export function isOver(folder: string): boolean {
  const status = readStatus(folder)
  return status?.attempt === highestAttempt(folder) && livenessOfRun(folder) === 'dead'
}

/** The status of a run that works on its newest attempt, once it has taken `step` steps. */
export function runningAt(folder: string, step: number): Promise<RunStatus> {
  return until(`step ${step} of ${folder}`, () => {
    const status = readStatus(folder)
    if (status?.state === 'failed')
      throw new Error(readFileSync(join(folder, 'trainer.log'), 'utf8') || 'failed')
    return (
      status?.attempt === highestAttempt(folder) &&
      status.state === 'running' &&
      status.step >= step &&
      status
    )
  })
}

export function finished(folder: string): Promise<boolean> {
  return until(`the end of ${folder}`, () => isOver(folder) && readStatus(folder)!.state !== 'preparing')
}

export async function readRun(folder: string) {
  const reader = new EventReader(openRunFolder(folder).events)
  const events: RunEvent[] = await reader.read()
  return { events, skipped: reader.skipped, view: foldEvents(emptyView(), events) }
}

/** What decides how a run goes on, byte for byte: weights and optimizer slots of a checkpoint. */
export function finalBytes(folder: string): { weights: Buffer; optimizer: Buffer; step: number } {
  const store = new CheckpointStore(folder)
  const step = store.latest()!
  const files = store.load(step)
  const bytes = (name: string) => Buffer.from(files.get(name)!)
  return { weights: bytes('weights.safetensors'), optimizer: bytes('optimizer.safetensors'), step }
}
