import { parse, View, Warn } from 'vega'
import { compile, type TopLevelSpec } from 'vega-lite'

/** Draws a specification without a browser. Widths of texts are estimates, as there is no canvas to measure them. */
export async function toSvg(spec: TopLevelSpec): Promise<string> {
  const quiet = {
    level: () => quiet,
    error: () => quiet,
    warn: () => quiet,
    info: () => quiet,
    debug: () => quiet,
  }
  const compiled = compile(spec, { logger: quiet as never })
  const view = new View(parse(compiled.spec), { renderer: 'none', logLevel: Warn })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
