import { describe, expect, test } from 'vitest'
import { messages, parse } from './strategies'

/** What a user writes, and the whole sentence that comes back. */
const sentences: [text: string, message: string][] = [
  ['', '1:1: the file is empty; write at least `{}`; `thaw init` writes a commented run file'],
  [
    '// only a comment\n',
    '1:1: the file is empty; write at least `{}`; `thaw init` writes a commented run file',
  ],
  [
    'steps = 3',
    '1:1: this is not JSON at `steps`: a word without quotes; comments and trailing commas are allowed, all else is plain JSON',
  ],
  [
    '{\n  "train": {',
    '2:13: this is not JSON: a `{` is never closed by `}`; comments and trailing commas are allowed, all else is plain JSON',
  ],
  ['{}\n{}', '2:1: the file goes on after its end; remove what follows the closing brace'],
  ['[]', '1:1: a run file is an object; write `{ … }` around its fields'],
  ['{"trian": {}}', '1:2 trian: unknown field "trian"; did you mean "train"?'],
  [
    '{\r\n  "train": {"batch_size": 3}\r\n}',
    '2:13 train.batch_size: unknown field "batch_size"; did you mean "batchSize"?',
  ],
  ['{"rate": 0.1}', '1:2 rate: unknown field "rate"; it belongs in `train.optimizer`'],
  [
    '{"colour": 1}',
    '1:2 colour: unknown field "colour"; write one of $schema, name, model, data, strategy, train, freeze, backend, device, cache, tune, tuned',
  ],
  [
    '{"train": {"steps": -1}}',
    '1:21 train.steps: -1 is below 0; write a whole number from 0 to 10000000 (optimizer steps; default 60 when `epochs` is not given)',
  ],
  [
    '{"train": {"batchSize": 1e300}}',
    '1:25 train.batchSize: 1e+300 is above 4096; write a whole number from 1 to 4096, for example 20 (images in a batch)',
  ],
  [
    '{"train": {"batchSize": 1e999}}',
    '1:25 train.batchSize: too large a number; write a whole number from 1 to 4096, for example 20 (images in a batch)',
  ],
  [
    '{"train": {"batchSize": "20"}}',
    '1:25 train.batchSize: "20" is not a whole number; write a whole number from 1 to 4096, for example 20 (images in a batch)',
  ],
  [
    '{"data": {"shuffle": "yes"}}',
    '1:22 data.shuffle: "yes" is not true or false; write true or false, for example true (draw training images in a new random order each epoch)',
  ],
  ['{"model": {"pixels": "0..2"}}', '1:22 model.pixels: "0..2" is not allowed here; did you mean "0..1"?'],
  ['{"backend": "wsm"}', '1:13 backend: "wsm" is not allowed here; did you mean "wasm"?'],
  [
    '{"train": {"actions": [{"at": 3, "do": {"rate": "low"}}]}}',
    '1:49 train.actions[0].do.rate: "low" is not a number; write a number from 0 to 1000 (factor on every rate from here on)',
  ],
  [
    '{"train": {"actions": [{"at": 3, "do": {"freez": ["stage1"]}}]}}',
    '1:41 train.actions[0].do.freez: unknown field "freez"; did you mean "freeze"?',
  ],
  [
    '{"data": {"transforms": {"flop": true}}}',
    '1:26 data.transforms.flop: unknown field "flop"; did you mean "flip"?',
  ],
  ['{"strategy": "ful"}', '1:14 strategy: unknown strategy "ful"; did you mean "full"?'],
  ['{"strategy": 5}', '1:14 strategy: 5 is not a strategy; write one of full, l2-sp'],
  ['{"strategy": {"alpha": 1}}', '1:14 strategy.name: missing; write one of full, l2-sp'],
  [
    '{"strategy": {"name": "l2-sp", "alpha": -1}}',
    '1:41 strategy.alpha: -1 is below 0; write a number from 0 to 100, for example 1 (strength of the pull)',
  ],
  [
    '{"__proto__": {"polluted": true}}',
    '1:2 __proto__: `__proto__` is not allowed as a field name; remove it',
  ],
  [
    '{"train": {"constructor": 1}}',
    '1:12 train.constructor: `constructor` is not allowed as a field name; remove it',
  ],
  [
    '{"train": {"steps": 3, "epochs": 1}}',
    '1:34 train.epochs: both `steps` and `epochs` are given; remove one of the two',
  ],
  [
    '{"train": {"seed": 1, "seed": 2}}',
    '1:23 train.seed: warning: given twice; the last one counts; remove the other',
  ],
  [
    '{"data": {"split": {"val": 0.5, "test": 0.5}}}',
    '1:20 data.split: val 0.5 and test 0.5 leave no training images; write shares that add up to less than 1',
  ],
  ['{"data": {"transforms": {"scale": [2, 1]}}}', '1:35 data.transforms.scale: 2 is above 1; write [1, 2]'],
  [
    '{"data": {"background": "rebecca"}}',
    '1:25 data.background: "rebecca" is not a colour; write "white", "black" or "#rrggbb"',
  ],
  [
    '{"model": {"source": "none"}}',
    '1:11 model.architecture: missing, and `source` is "none"; write an architecture, for example "small_cnn"',
  ],
  [
    '{"freeze": [{"train": ["head"]}, {"train": ["*"]}]}',
    '1:13 freeze[0].steps: missing; write a length in steps; only the last phase may leave it out',
  ],
  [
    '{"train": {"steps": 9}, "freeze": [{"steps": 4, "train": ["head"]}]}',
    '1:46 freeze[0].steps: warning: the phases end after 4 steps, and the run with them, although `train.steps` is 9; leave the length of the last phase out, or write the same number',
  ],
  [
    '{"train": {"steps": 9}, "freeze": [{"steps": 9, "train": ["head"]}, {"train": ["*"]}]}',
    '1:69 freeze[1]: warning: never begins: the phases before it take 9 steps, and `train.steps` is 9; write shorter phases or more steps',
  ],
  [
    '{"train": {"keep": "best"}}',
    '1:20 train.keep: warning: has no effect, since there is one evaluation, at the end; write `train.evaluateEvery` too, for example 10',
  ],
  [
    '{"train": {"earlyStopping": {}}}',
    '1:29 train.earlyStopping: warning: has no effect, since there is one evaluation, at the end; write `train.evaluateEvery` too, for example 10',
  ],
  [
    '{"train": {"optimizer": {"momentum": 0.5}}}',
    '1:38 train.optimizer.momentum: warning: `adamw` has no momentum; it is ignored; remove it, or write "name": "sgd"',
  ],
]

describe('a run file that is wrong says what, where, and what to write', () => {
  test.each(sentences)('%s', (text, message) => {
    expect(messages(text)).toEqual([`run.thaw.json:${message}`])
  })

  test('several faults come in the order of the file, one a field', () => {
    expect(
      messages('{"train": {"steps": -1, "seed": "x"}, "modle": {}}').map((line) => line.split(';')[0]),
    ).toEqual([
      'run.thaw.json:1:21 train.steps: -1 is below 0',
      'run.thaw.json:1:33 train.seed: "x" is not a whole number',
      'run.thaw.json:1:39 modle: unknown field "modle"',
    ])
  })

  test('a byte order mark does not shift columns', () => {
    expect(messages('\ufeff{"trian": {}}')).toEqual(messages('{"trian": {}}'))
  })

  test('nesting of any depth is refused without a crash', () => {
    expect(messages('['.repeat(100_000))).toEqual([
      'run.thaw.json:1:33: nested more than 32 deep; no field lies so deep; remove the extra brackets',
    ])
  })

  test('a text of 50 million characters is refused before it is parsed', () => {
    const started = performance.now()
    expect(messages(' '.repeat(50_000_000))[0]).toContain(
      'the file has 50000000 characters, a run file at most 1000000',
    )
    expect(performance.now() - started).toBeLessThan(2000)
  })

  test('prototypes stay clean and the key is an error', () => {
    expect(parse('{"data": {"__proto__": {"shuffle": false}}}').spec).toBeUndefined()
    expect(({} as Record<string, unknown>).shuffle).toBeUndefined()
  })
})
