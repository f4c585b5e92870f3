/** The data's colours: one axis from ice (held) to ember (moved), linear in OKLCH lightness. */
export type Theme = 'dark' | 'light' | 'hc' | 'hcl'

export const clamp = (x: number, low = 0, high = 1) => (x < low ? low : x > high ? high : x)
const lerp = (a: number, b: number, t: number) => a + (b - a) * t

/** The theme VS Code says the document has. */
export function themeOf(body: HTMLElement = document.body): Theme {
  const classes = body.classList
  if (classes.contains('vscode-high-contrast-light')) return 'hcl'
  if (classes.contains('vscode-high-contrast')) return 'hc'
  return classes.contains('vscode-light') ? 'light' : 'dark'
}

/** OKLCH (Ottosson 2020) to sRGB bytes; a colour out of gamut gives up chroma, never lightness. */
function oklch(lightness: number, chroma: number, hue: number): [number, number, number] {
  const linear = (c: number) => {
    const a = c * Math.cos((hue * Math.PI) / 180)
    const b = c * Math.sin((hue * Math.PI) / 180)
    const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
    return [
      4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
      -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
    ]
  }
  let c = chroma
  let value = linear(c)
  while (c > 0 && value.some((x) => x < -1e-4 || x > 1.0001)) value = linear(Math.max(0, (c -= 0.004)))
  const byte = (x: number) => {
    const v = clamp(x)
    return Math.round(255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055))
  }
  return [byte(value[0]!), byte(value[1]!), byte(value[2]!)]
}

const STEPS = 256
const tables = new Map<Theme, string[]>()

function emberTable(theme: Theme): string[] {
  const known = tables.get(theme)
  if (known) return known
  const light = theme === 'light' || theme === 'hcl'
  const dark = theme === 'hc' ? 0.26 : 0.3
  const table = Array.from({ length: STEPS }, (_, i) => {
    const t = i / (STEPS - 1)
    const [r, g, b] = light
      ? oklch(
          lerp(0.955, 0.3, t),
          0.03 + 0.135 * Math.sin(Math.PI * clamp(0.08 + t * 0.8)),
          lerp(92, 22, t ** 0.9),
        )
      : oklch(
          lerp(dark, 0.945, t),
          0.045 + 0.11 * Math.sin(Math.PI * clamp(0.1 + t * 0.78)),
          lerp(8, 96, t ** 0.85),
        )
    return `rgb(${r},${g},${b})`
  })
  tables.set(theme, table)
  return table
}

/** How much something moves, 0 to 1: more contrast with the page is more motion. */
export const ember = (t: number, theme: Theme): string =>
  emberTable(theme)[Math.round((STEPS - 1) * clamp(t))]!

/** A colour the style sheet has set, by custom property. */
export const cssColour = (name: string, element: Element = document.body): string =>
  getComputedStyle(element).getPropertyValue(name).trim()
