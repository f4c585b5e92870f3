import type { Answer, Question } from '../protocol'
import { readArtifact } from './artifact'
import type { RunFeed } from './feed'
import { curvesBeside, viewBeside } from './beside'
import { compareBeside, runsBeside } from './others'
import { thumbnails } from './thumbnails'

/** Names of artifacts are ours; a page must not read anything else of the disk. */
const NAME = /^[a-z0-9-]+\.json$/

/** Answers what a panel asks. What cannot be answered is a sentence, never an exception. */
export async function answer(feed: RunFeed, question: Question): Promise<Answer> {
  try {
    return await find(feed, question)
  } catch (error) {
    return { type: 'refused', message: error instanceof Error ? error.message : String(error) }
  }
}

async function find(feed: RunFeed, question: Question): Promise<Answer> {
  switch (question.type) {
    case 'window': {
      const { measures, from, to, columns } = question
      return { type: 'window', window: await feed.window(measures, from, to, columns) }
    }
    case 'layer':
      return { type: 'layer', history: await feed.history(question.layer, question.columns) }
    case 'picture': {
      const { name, folder } = question
      const { pictures } = folder === undefined ? feed.current : await viewBeside(feed.path, folder)
      const picture = Object.hasOwn(pictures, name) ? pictures[name] : undefined
      return picture
        ? { type: 'picture', name, ...picture }
        : { type: 'refused', message: `the run has told no picture "${name}" yet` }
    }
    case 'thumbnails':
      return { type: 'thumbnails', images: await thumbnails(feed.path, question.split, question.paths) }
    case 'curves':
      return { type: 'curves', curves: await curvesBeside(feed.path, question.folder) }
    case 'artifact': {
      const { name } = question
      if (!NAME.test(name))
        return { type: 'refused', message: `"${name}" is no file that a run leaves for views` }
      return { type: 'artifact', name, data: await readArtifact(feed.path, name) }
    }
    case 'runs':
      return { type: 'runs', runs: await runsBeside(feed.path) }
    case 'compare':
      return { type: 'compare', comparison: await compareBeside(question.folders) }
  }
}
