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
const isLight = (theme: Theme): boolean => theme === 'light' || theme === 'hcl'
const tables = new Map<string, string[]>()

/** 256 colours of a scale, made once a theme. */
function scaleTable(name: string, theme: Theme, colour: (t: number) => [number, number, number]): string[] {
  const key = `${name}/${theme}`
  const known = tables.get(key)
  if (known) return known
  const table = Array.from({ length: STEPS }, (_, i) => {
    const [r, g, b] = colour(i / (STEPS - 1))
    return `rgb(${r},${g},${b})`
  })
  tables.set(key, table)
  return table
}

const pick = (table: string[], t: number): string => table[Math.round((STEPS - 1) * clamp(t))]!

function emberTable(theme: Theme): string[] {
  const dark = theme === 'hc' ? 0.26 : 0.3
  return scaleTable('ember', theme, (t) =>
    isLight(theme)
      ? oklch(
          lerp(0.955, 0.3, t),
          0.03 + 0.135 * Math.sin(Math.PI * clamp(0.08 + t * 0.8)),
          lerp(92, 22, t ** 0.9),
        )
      : oklch(
          lerp(dark, 0.945, t),
          0.045 + 0.11 * Math.sin(Math.PI * clamp(0.1 + t * 0.78)),
          lerp(8, 96, t ** 0.85),
        ),
  )
}

/** How much something moves, 0 to 1: more contrast with the page is more motion. */
export const ember = (t: number, theme: Theme): string => pick(emberTable(theme), t)

/** How firmly something is held, 0 to 1: more contrast with the page is a firmer hold. */
export const hold = (t: number, theme: Theme): string =>
  pick(
    scaleTable('hold', theme, (x) =>
      oklch(
        isLight(theme) ? lerp(0.955, 0.32, x) : lerp(theme === 'hc' ? 0.26 : 0.3, 0.945, x),
        0.03 + 0.1 * Math.sin(Math.PI * clamp(0.1 + x * 0.78)),
        lerp(252, 230, x),
      ),
    ),
    t,
  )

/** Lightness, chroma and hue of ice, of the middle and of ember, as the style sheet's. */
const shareEnds: Record<Theme, [number, number, number][]> = {
  dark: [
    [0.735, 0.115, 238],
    [0.33, 0.005, 60],
    [0.765, 0.14, 59],
  ],
  light: [
    [0.53, 0.13, 246],
    [0.945, 0.005, 60],
    [0.53, 0.15, 49],
  ],
  hc: [
    [0.8, 0.11, 241],
    [0.28, 0.005, 60],
    [0.82, 0.13, 62],
  ],
  hcl: [
    [0.46, 0.12, 246],
    [0.945, 0.005, 60],
    [0.46, 0.135, 49],
  ],
}

/** A share that is tuned: 0 is ice (pre-trained), one half is neither, 1 is ember (tuned). */
export const share = (t: number, theme: Theme): string =>
  pick(
    scaleTable('share', theme, (x) => {
      const [first, middle, last] = shareEnds[theme] as [
        [number, number, number],
        [number, number, number],
        [number, number, number],
      ]
      // mixed with the middle, a colour keeps its hue and gives up chroma
      const [l, c, h] = x < 0.5 ? first : last
      const away = Math.abs(x - 0.5) * 2
      return oklch(lerp(middle[0], l, away), lerp(middle[1], c, away), h)
    }),
    t,
  )

/** A colour the style sheet has set, by custom property. */
export const cssColour = (name: string, element: Element = document.body): string =>
  getComputedStyle(element).getPropertyValue(name).trim()
