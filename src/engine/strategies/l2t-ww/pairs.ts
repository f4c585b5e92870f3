import { UserError } from '../../../spec/types'
import { bothPoints, type Point } from '../matching/points'
import type { NetworkContext } from '../types'
import type { Options } from './meta'

/** A teacher's map and the student's that shall come to hold it. */
export interface Pair {
  /** `<teacher>-<student>`, part of the names of its parameters. */
  name: string
  teacher: Point
  student: Point
}

export interface Pairs {
  all: readonly Pair[]
  /** Layers to hook, in the order of each graph. */
  teacherLayers: readonly string[]
  studentLayers: readonly string[]
}

/** @throws UserError for a list with an unknown name or a pair that comes twice */
export function pairsOf(
  context: Pick<NetworkContext, 'graph' | 'spec' | 'teacher'>,
  { pairs }: Pick<Options, 'pairs'>,
): Pairs {
  const { student, teacher } = bothPoints(context)
  const all =
    typeof pairs === 'string'
      ? chosen(pairs, teacher.all, student.all)
      : pairs.map(([from, to], i) =>
          pair(teacher.named(from, `strategy.pairs[${i}][0]`), student.named(to, `strategy.pairs[${i}][1]`)),
        )
  const twice = all.find(({ name }, i) => all.findIndex((other) => other.name === name) < i)
  if (twice)
    throw new UserError(
      `strategy.pairs: ["${twice.teacher.name}", "${twice.student.name}"] comes twice; leave one out`,
    )
  return {
    all,
    teacherLayers: teacher.inOrder(all.map((one) => one.teacher.layer)),
    studentLayers: student.inOrder(all.map((one) => one.student.layer)),
  }
}

const pair = (teacher: Point, student: Point): Pair => ({
  name: `${teacher.name}-${student.name}`,
  teacher,
  student,
})

function chosen(
  kind: 'all-to-all' | 'one-to-one' | 'single',
  teacher: readonly Point[],
  student: readonly Point[],
): Pair[] {
  if (kind === 'all-to-all') return teacher.flatMap((from) => student.map((to) => pair(from, to)))
  if (kind === 'single') {
    const last = teacher.at(-1)!
    return [pair(last, nearest(last, student)!)]
  }
  // from the top, so that where the teacher has fewer maps the student's lowest go without
  const left = [...teacher]
  return [...student]
    .reverse()
    .flatMap((to) => {
      const from = nearest(to, left)
      if (!from) return []
      left.splice(left.indexOf(from), 1)
      return [pair(from, to)]
    })
    .reverse()
}

/** The point of the nearest resolution, the deepest among equals. */
function nearest({ shape }: Point, points: readonly Point[]): Point | undefined {
  const distance = ({ shape: other }: Point): number => Math.abs(Math.log(other[0] / shape[0]))
  const least = Math.min(...points.map(distance))
  return points.findLast((point) => distance(point) === least)
}
