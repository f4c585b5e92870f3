import { describe, expect, it } from 'vitest'
import { membersOf, pathBefore } from '../../../src/notebook/completion'

describe('completion from the kernel', () => {
  it('finds the path in front of the cursor', () => {
    expect(pathBefore('await session.st', 16)).toEqual({ path: ['session'], prefix: 'st' })
    expect(pathBefore('a.b.', 4)).toEqual({ path: ['a', 'b'], prefix: '' })
    expect(pathBefore('1 + 2', 5)).toBeUndefined()
  })

  it('lists members of the prototype chain and never calls a getter', () => {
    class Base {
      get trap(): number {
        throw new Error('called')
      }
      step() {}
    }
    const names = membersOf({ thing: Object.assign(new Base(), { field: 1 }) }, ['thing'])
    expect(names.map(({ name, kind }) => [name, kind])).toEqual([
      ['field', 'field'],
      ['trap', 'field'],
      ['step', 'method'],
    ])
    expect(membersOf({ thing: new Base() }, ['thing', 'trap'])).toEqual([])
    expect(membersOf({}, ['nothing', 'at', 'all'])).toEqual([])
  })
})
