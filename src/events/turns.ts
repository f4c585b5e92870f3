import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createExclusively, readIdentity } from './attempts'
import { errorCode } from './failures'
import { livenessOf, ownIdentity } from './processes'

/** How long a turn whose owner cannot be read counts as just being taken. */
const TAKING_MS = 5000
const WAIT_MS = 15

export interface TurnOptions {
  /** Milliseconds between two looks. */
  every?: number
  /** Called once with the process id of the one to wait for, where there is one. */
  waiting?: (pid: number | undefined) => void
}

function highest(folder: string): number {
  return Math.max(
    0,
    ...readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  )
}

function isFree(folder: string, turn: number): boolean {
  if (turn === 0) return true
  const file = join(folder, String(turn))
  if (existsSync(`${file}.done`)) return true
  const owner = readIdentity(file)
  if (owner) return livenessOf(owner) === 'dead'
  try {
    return Date.now() - statSync(file).mtimeMs > TAKING_MS
  } catch {
    return false
  }
}

/**
 * Does `work` while no other process does its own in the same folder. A turn is a number taken by exclusive creation
 * of a file, after the one before is done or its process is dead: nothing has to be stolen, so no two can hold it.
 */
export async function inTurn<T>(
  folder: string,
  work: () => T | Promise<T>,
  { every = WAIT_MS, waiting }: TurnOptions = {},
): Promise<T> {
  mkdirSync(folder, { recursive: true })
  let told = false
  for (;;) {
    const before = highest(folder)
    if (!isFree(folder, before)) {
      if (!told) waiting?.(readIdentity(join(folder, String(before)))?.pid)
      told = true
      await sleep(every)
      continue
    }
    const file = join(folder, String(before + 1))
    try {
      createExclusively(file, JSON.stringify(ownIdentity()))
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
      continue
    }
    // an old number can be free again after the clean-up; it gives no turn
    if (highest(folder) !== before + 1) {
      rmSync(file, { force: true })
      continue
    }
    try {
      return await work()
    } finally {
      writeFileSync(`${file}.done`, '')
      for (let old = before; old > before - 3; old--) {
        rmSync(join(folder, String(old)), { force: true })
        rmSync(join(folder, `${old}.done`), { force: true })
      }
    }
  }
}
