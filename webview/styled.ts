import { noChange } from 'lit'
import { directive, Directive, PartType, type ElementPart, type PartInfo } from 'lit/directive.js'

export type Styles = Readonly<Record<string, string>>

/**
 * Sets styles by script: `<div ${styled({ left: '4px' })}>`. Lit's own styleMap writes a style attribute at first,
 * which a page without 'unsafe-inline' refuses.
 */
class Styled extends Directive {
  private known: string[] = []

  constructor(part: PartInfo) {
    super(part)
    if (part.type !== PartType.ELEMENT) throw new Error('styled() stands inside a tag')
  }

  render(_styles: Styles): unknown {
    return noChange
  }

  override update(part: ElementPart, [styles]: [Styles]): unknown {
    const { style } = part.element as HTMLElement
    for (const name of this.known) if (!(name in styles)) style.removeProperty(name)
    for (const [name, value] of Object.entries(styles)) style.setProperty(name, value)
    this.known = Object.keys(styles)
    return noChange
  }
}

export const styled = directive(Styled)
