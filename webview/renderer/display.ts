import { LitElement, html, nothing, unsafeCSS } from 'lit'
import { customElement, property, state } from 'lit/decorators.js'
import type {
  ComparisonDisplay,
  CurvesDisplay,
  FreezeMapDisplay,
  ImagesDisplay,
  LayersDisplay,
  SessionDisplay,
  StepOutput,
  TableDisplay,
} from '../../src/extension/protocol'
import { themeOf, type Theme } from '../colour'
import shared from '../shared.css'
import theme from '../theme.css'
import { comparisonView } from './comparison'
import './curves'
import own from './display.css'
import { facts } from './facts'
import './freezeMap'
import { imagesView } from './images'
import { layersView } from './layers'
import { stepsView } from './steps'
import tables from '../table.css'
import { tableView } from './table'

/** The data's colours stand on body in the panel; in a notebook, whose body is not ours, on each output. */
const colours = theme
  .replaceAll(':root', ':host')
  .replace(/^body\.([\w-]+)/gm, ':host-context(body.$1)')
  .replace(/^body/gm, ':host')

const MIME = /^application\/vnd\.thaw\.([\w-]+)\+json$/

/** One output of ours, whatever it shows: knows its theme and width, and takes newer data in place. */
@customElement('thaw-display')
export class Display extends LitElement {
  static override styles = [colours, shared, tables, own].map((css) => unsafeCSS(css))

  @property() mime = ''
  @property({ attribute: false }) data?: { v: number; id?: string; live?: boolean }
  @state() private width = 0
  @state() private theme: Theme = themeOf()

  private resize = new ResizeObserver(([entry]) => {
    // a scroll bar that comes and goes must not draw everything anew
    const width = Math.floor(entry!.contentRect.width)
    if (Math.abs(width - this.width) > 8) this.width = width
  })
  private themeWatch = new MutationObserver(() => (this.theme = themeOf()))

  override connectedCallback(): void {
    super.connectedCallback()
    this.resize.observe(this)
    this.themeWatch.observe(document.body, { attributes: true, attributeFilter: ['class'] })
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback()
    this.resize.disconnect()
    this.themeWatch.disconnect()
  }

  override render() {
    const { data, theme } = this
    const width = Math.min(1200, this.width)
    if (!data || width === 0) return nothing
    if (data.v !== 1) return html`<p>This output was made by a newer Thaw; update Thaw to see it.</p>`
    switch (MIME.exec(this.mime)?.[1]) {
      case 'session': {
        const session = data as SessionDisplay
        return html`<section aria-label=${session.name}>${facts(session.facts)}</section>`
      }
      case 'step':
        return stepsView(data as StepOutput, width, theme)
      case 'curves':
        return html`<thaw-lines .data=${data as CurvesDisplay} .width=${width} theme=${theme}></thaw-lines>`
      case 'freeze-map':
        return html`<thaw-small-map
          .data=${data as FreezeMapDisplay}
          .width=${Math.min(width, 900)}
          theme=${theme}
        ></thaw-small-map>`
      case 'images':
        return imagesView(data as ImagesDisplay)
      case 'table':
        return tableView(data as TableDisplay)
      case 'layers':
        return layersView(data as LayersDisplay)
      case 'comparison':
        return comparisonView(data as ComparisonDisplay, width, theme)
      default:
        return html`<p>This output (${this.mime}) is unknown to this Thaw; update Thaw to see it.</p>`
    }
  }
}
