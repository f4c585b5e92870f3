import { LitElement, html, unsafeCSS } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import shared from './shared.css'
import own from './tabs.css'

export interface Tab {
  id: string
  title: string
}

/** A row of tabs (WAI-ARIA tabs pattern, automatic activation); fires `choose` with the id. */
@customElement('thaw-tabs')
export class Tabs extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own)]

  @property({ attribute: false }) tabs: readonly Tab[] = []
  @property() chosen = ''
  @property() label = ''

  override render() {
    return html`<div
      role="tablist"
      aria-label=${this.label}
      @keydown=${(event: KeyboardEvent) => this.key(event)}
    >
      ${this.tabs.map(
        ({ id, title }) =>
          html`<button
            role="tab"
            data-section=${id}
            aria-selected=${id === this.chosen}
            tabindex=${id === this.chosen ? 0 : -1}
            @click=${() => this.choose(id)}
          >
            ${title}
          </button>`,
      )}
    </div>`
  }

  private choose(id: string): void {
    this.dispatchEvent(new CustomEvent('choose', { detail: id }))
  }

  private key(event: KeyboardEvent): void {
    const at = this.tabs.findIndex(({ id }) => id === this.chosen)
    const last = this.tabs.length - 1
    const goals: Record<string, number> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at <= 0 ? last : at - 1,
      Home: 0,
      End: last,
    }
    const goal = goals[event.key]
    if (goal === undefined) return
    event.preventDefault()
    this.choose(this.tabs[goal]!.id)
    void this.updateComplete.then(() =>
      this.renderRoot.querySelector<HTMLElement>('[aria-selected=true]')?.focus(),
    )
  }
}
