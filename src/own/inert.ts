/** Stands for anything that computes: any member, any call gives it again. */
const nothing: unknown = new Proxy(() => nothing, {
  get: (_target, key) => (key === Symbol.toPrimitive ? () => 0 : nothing),
  apply: () => nothing,
  construct: () => nothing as object,
})

/** Members of the module `thaw` that need a back end, for a script that is only asked for its options. */
export const inert = {
  ops: nothing,
  tf: nothing,
  untaped: nothing,
  batchNormModes: nothing,
  backboneStages: nothing,
  featureLayer: nothing,
  floats: nothing,
}
