import { LitElement, html, nothing, unsafeCSS } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type { Exportable } from './export'
import { saveAs } from './export'
import own from './exportMenu.css'
import { icon } from './icons'
import type { Host } from './panel/host'
import shared from './shared.css'

/** A button that saves a picture as SVG or PNG, or its numbers as CSV. */
@customElement('thaw-export')
export class ExportMenu extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own)]

  @property({ attribute: false }) host!: Host
  /** Asked at the moment of saving. */
  @property({ attribute: false }) picture!: () => Exportable | undefined
  /** What is saved, for the button's name. */
  @property() what = 'picture'
  @state() private open = false
  @state() private trouble = ''

  override render() {
    return html`<div
      class="holder"
      @keydown=${(event: KeyboardEvent) => this.key(event)}
      @focusout=${(event: FocusEvent) => this.left(event)}
    >
      <button
        class="plain"
        aria-haspopup="menu"
        aria-expanded=${this.open}
        aria-label="Export ${this.what}"
        title="Export ${this.what}"
        @click=${() => this.toggle()}
      >
        ${icon('save')}
      </button>
      ${
        this.open
          ? html`<div role="menu" aria-label="Export ${this.what}">
              ${(['svg', 'png', 'csv'] as const).map(
                (format) =>
                  html`<button
                    role="menuitem"
                    class="plain"
                    data-format=${format}
                    @click=${() => this.save(format)}
                  >
                    ${format === 'csv' ? 'Numbers as CSV' : `Picture as ${format.toUpperCase()}`}
                  </button>`,
              )}
            </div>`
          : nothing
      }
      ${this.trouble ? html`<span role="alert" class="error small">${this.trouble}</span>` : nothing}
    </div>`
  }

  private toggle(): void {
    this.open = !this.open
    this.trouble = ''
    if (this.open) void this.updateComplete.then(() => this.items()[0]?.focus())
  }

  private items(): HTMLElement[] {
    return [...this.renderRoot.querySelectorAll<HTMLElement>('[role=menuitem]')]
  }

  private key(event: KeyboardEvent): void {
    const items = this.items()
    if (!this.open || items.length === 0) return
    const at = items.indexOf(this.shadowRoot!.activeElement as HTMLElement)
    if (event.key === 'Escape') this.close()
    else if (event.key === 'ArrowDown') items[(at + 1) % items.length]!.focus()
    else if (event.key === 'ArrowUp') items[(at + items.length - 1) % items.length]!.focus()
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  private close(): void {
    this.open = false
    this.renderRoot.querySelector('button')?.focus()
  }

  private left({ relatedTarget }: FocusEvent): void {
    if (!(relatedTarget instanceof Node) || !this.renderRoot.contains(relatedTarget)) this.open = false
  }

  private async save(format: 'svg' | 'png' | 'csv'): Promise<void> {
    this.close()
    const picture = this.picture()
    try {
      if (picture) await saveAs(this.host, picture, format)
      else this.trouble = 'there is nothing to save yet'
    } catch (error) {
      this.trouble = `could not be drawn: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}
