import assert from 'node:assert/strict'
import type { TestModule } from './testing'

/** Types of the module `thaw/test`; what it does comes from `thaw check strategy`. */
export { assert }
export declare const test: TestModule['test']
export declare const run: TestModule['run']
