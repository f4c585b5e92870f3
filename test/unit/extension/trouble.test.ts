import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { emptyView } from '../../../src/events'
import { explainFailure } from '../../../src/events/failures'
import { RunFeed } from '../../../src/extension/panel/feed'
import { resumeOf, troubleOf, type Signs } from '../../../src/extension/panel/trouble'
import { Recorder } from '../../fixtures/editor/recording'

const root = mkdtempSync(join(tmpdir(), 'thaw-trouble-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const checkpoint = { step: 60, folder: 'checkpoints/60', bytes: 1, why: 'planned', attempt: 1, seq: 9 }
const signs = (change: Partial<Signs> = {}, view: Partial<Signs['view']> = {}): Signs => ({
  view: { ...emptyView(), step: 70, ...view },
  gone: false,
  skipped: { unreadable: 0, unknown: 0, foreign: 0 },
  ...change,
})
const ended = (message: string) => ({
  ended: { state: 'failed' as const, step: 70, seconds: 1, moved: 0, distance: 0, message },
})

describe('what a panel says of bad luck', () => {
  it('is nothing when all is well', () => {
    expect(troubleOf(signs())).toBeUndefined()
    expect(
      troubleOf(
        signs({ how: 'ended' }, { ended: { state: 'finished', step: 1, seconds: 1, moved: 0, distance: 0 } }),
      ),
    ).toBeUndefined()
  })

  it.each<[string, Signs, string, RegExp, string[]]>([
    [
      'a trainer that was killed',
      signs({ how: 'interrupted' }, { checkpoints: [checkpoint] }),
      'killed',
      /at step 70: it was killed/,
      ['resume', 'log'],
    ],
    [
      'one killed before any checkpoint',
      signs({ how: 'interrupted' }, { step: 0 }),
      'killed',
      /before its first step.*“Resume” begins it again/,
      ['log'],
    ],
    [
      'a folder that was deleted',
      signs({ gone: true, how: 'interrupted' }),
      'gone',
      /deleted or moved/,
      ['runs', 'close'],
    ],
    [
      'a log that could not be written',
      signs({ how: 'ended' }),
      'silent',
      /disk may be full/,
      ['cache', 'log'],
    ],
    [
      'a full disk',
      signs(
        { how: 'ended' },
        { ...ended('Could not write x: the disk is full.'), checkpoints: [checkpoint] },
      ),
      'failed',
      /disk is full/,
      ['resume', 'cache', 'log'],
    ],
    ['any other failure', signs({ how: 'ended' }, ended('the loss is NaN')), 'failed', /NaN/, ['log']],
    [
      'a newer log',
      signs({ skipped: { unreadable: 0, unknown: 0, foreign: 3 } }),
      'newer',
      /^3 lines .*another version/,
      ['events', 'runs'],
    ],
    [
      'a torn line',
      signs({ skipped: { unreadable: 1, unknown: 5, foreign: 0 } }),
      'torn',
      /^1 line of this run's log cannot be read and is left out/,
      ['events'],
    ],
  ])('of %s: a sentence and the ways on', (_, given, kind, message, ways) => {
    const trouble = troubleOf(given)!
    expect(trouble.kind).toBe(kind)
    expect(trouble.message).toMatch(message)
    expect(trouble.ways).toEqual(ways)
  })
})

describe('from where a run can go on', () => {
  it.each<[string, Signs, 'checkpoint' | 'start' | undefined]>([
    ['one under way', signs({}, { checkpoints: [checkpoint] }), undefined],
    ['a killed one', signs({ how: 'interrupted' }, { checkpoints: [checkpoint] }), 'checkpoint'],
    ['one killed before any checkpoint', signs({ how: 'interrupted' }), 'start'],
    [
      'one that failed before any checkpoint would fail again',
      signs({ how: 'ended' }, ended('x')),
      undefined,
    ],
    [
      'a stopped one',
      signs({ how: 'ended' }, { ended: { ...ended('').ended, state: 'stopped' }, checkpoints: [checkpoint] }),
      'checkpoint',
    ],
    [
      'a finished one',
      signs(
        { how: 'ended' },
        { ended: { ...ended('').ended, state: 'finished' }, checkpoints: [checkpoint] },
      ),
      undefined,
    ],
    ['a deleted one', signs({ gone: true, how: 'interrupted' }, { checkpoints: [checkpoint] }), undefined],
  ])('%s', (_, given, wanted) => expect(resumeOf(given)).toBe(wanted))

  it('is said with the buttons that are there, not with commands of a terminal', () => {
    const { message } = explainFailure(Object.assign(new Error(), { code: 'ENOSPC' }), 'write', 'x') as Error
    const told = troubleOf(signs({ how: 'ended' }, { ...ended(message), checkpoints: [checkpoint] }))!
    expect(told.message).toBe(
      'Could not write x: the disk is full. Free some space (“Clear the cache…” does it), then “Resume”.',
    )
  })
})

async function until<T>(look: () => T | undefined): Promise<T> {
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((go) => setTimeout(go, 20))) {
    const found = look()
    if (found !== undefined) return found
  }
  throw new Error('it did not come')
}

describe('a feed', () => {
  it('keeps what it had read when the run folder is deleted under it', async () => {
    const run = new Recorder(root, { id: 'deleted' })
    run.take(30)
    const feed = new RunFeed(run.folder.path, 50)
    await until(() => (feed.current.step === 30 ? true : undefined))
    run.close()
    rmSync(run.folder.path, { recursive: true })
    const trouble = await until(() => feed.update().head.trouble)
    expect(trouble.kind).toBe('gone')
    expect(feed.update().lines.loss!.steps).toHaveLength(30)
    feed.dispose()
  })

  it('says of a run whose trainer was killed that it can go on', async () => {
    const run = new Recorder(root, { id: 'killed', killed: true })
    run.take(70)
    run.close()
    const feed = new RunFeed(run.folder.path, 50)
    expect(await until(() => feed.update().head.resume)).toBe('checkpoint')
    feed.dispose()
  })

  it('tells of a torn line and goes on after it', async () => {
    const run = new Recorder(root, { id: 'torn' })
    run.take(5)
    run.close()
    appendFileSync(run.folder.events, '{"v":1,"seq":\n')
    const feed = new RunFeed(run.folder.path, 50)
    const { head, lines } = await until(() => {
      const update = feed.update()
      return update.head.trouble?.kind === 'torn' ? update : undefined
    })
    expect([head.step, lines.loss!.steps.length]).toEqual([5, 5])
    feed.dispose()
  })

  it('says that a log of another version cannot be shown, though it holds nothing else', async () => {
    const run = new Recorder(root, { id: 'newer' })
    run.close()
    writeFileSync(run.folder.events, '{"v":2,"kind":"run-started"}\n{"v":2,"kind":"step"}\n')
    const feed = new RunFeed(run.folder.path, 50)
    const trouble = await until(() => feed.update().head.trouble)
    expect(trouble).toMatchObject({ kind: 'newer', ways: ['events', 'runs'] })
    feed.dispose()
  })
})
