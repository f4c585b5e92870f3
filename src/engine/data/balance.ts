import { failure, listed, quoted, warning } from './findings'
import type { AuditFinding, Item } from './types'

/** Below so many training images a class, results are mostly luck. */
const fewImages = 5
/** From this ratio of the largest to the smallest class on, plain accuracy hides the small one. */
const largeRatio = 5

/** What the counts alone tell. `shots` is what the run file asked for: fewer images are no surprise then. */
export function balanceFindings(
  classes: readonly string[],
  items: readonly Item[],
  shots?: number,
): AuditFinding[] {
  const findings: AuditFinding[] = []
  const train = new Array<number>(classes.length).fill(0)
  const all = new Array<number>(classes.length).fill(0)
  for (const { label, split } of items) {
    if (label < 0) continue
    all[label]!++
    if (split === 'train') train[label]!++
  }
  const named = (test: (label: number) => boolean) => classes.filter((_, label) => test(label))
  if (classes.length === 1)
    findings.push(
      failure(
        'one-class',
        `There is only one class, ${quoted(classes[0]!)}: nothing to tell apart. Add a folder for a second class.`,
      ),
    )
  const single = named((label) => all[label] === 1)
  if (single.length > 0)
    findings.push(
      warning(
        'one-image-class',
        `${listed(single)} ${single.length === 1 ? 'has' : 'have'} a single image, so nothing is left to test on. Add images, or remove the class.`,
      ),
    )
  const few = named((label) => all[label]! > 1 && train[label]! < Math.min(fewImages, shots ?? fewImages))
  if (few.length > 0)
    findings.push(
      warning(
        'few',
        `${listed(few)} ${few.length === 1 ? 'has' : 'have'} fewer than ${Math.min(fewImages, shots ?? fewImages)} training images, so results will vary much from seed to seed.`,
      ),
    )
  const most = train.indexOf(Math.max(...train))
  const least = train.indexOf(Math.min(...train))
  if (train[most]! > largeRatio * train[least]!)
    findings.push(
      warning(
        'imbalance',
        `Classes are uneven: ${quoted(classes[most]!)} has ${train[most]} training images and ${quoted(classes[least]!)} has ${train[least]}. Look at balanced accuracy, or add images.`,
      ),
    )
  if (items.length > 0 && items.every(({ split }) => split === 'train'))
    findings.push(
      warning('no-test', 'No image is held out for test. Set data.split.test, or add a test folder.'),
    )
  return findings
}
