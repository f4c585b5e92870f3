import type { ActivationFunction } from 'vscode-notebook-renderer'
import type { StepOutput } from '../../src/extension/protocol'
import { cssColour, ember, themeOf } from '../colour'
import { fixed, number } from '../format'
import { shade } from '../map/measures'
import theme from '../theme.css'
import own from './renderer.css'

const LABEL = 96
const CELL_ROW = 14

/** Shows what training steps did: numbers, loss, and a small freeze map by stage. */
export const activate: ActivationFunction = () => ({
  renderOutputItem(item, element) {
    const output = item.json() as StepOutput
    const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' })
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(own)
    const data = new CSSStyleSheet()
    // the data's colours stand on body in the panel; here on the output
    data.replaceSync(
      theme
        .replaceAll(':root', ':host')
        .replace(/body\.([\w-]+)/g, ':host(.$1)')
        .replace(/^body/gm, ':host'),
    )
    root.adoptedStyleSheets = [data, sheet]
    root.replaceChildren(view(output))
    host(element)
    paint(root, output)
  },
})

/** The theme's class, where the style sheet looks for it. */
function host(element: HTMLElement): void {
  element.classList.remove(
    'vscode-dark',
    'vscode-light',
    'vscode-high-contrast',
    'vscode-high-contrast-light',
  )
  for (const name of document.body.classList) if (name.startsWith('vscode-')) element.classList.add(name)
}

function make(
  tag: string,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElement {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

function view(output: StepOutput): HTMLElement {
  const { steps, loss, accuracy, ms, planned, name, strategy } = output
  const last = steps.length - 1
  const value = (label: string, text: string, more: string) =>
    make('div', {}, make('dt', {}, label), make('dd', {}, text, make('small', {}, ` ${more}`)))
  const range = steps.length === 1 ? `${steps[0]}` : `${steps[0]} to ${steps[last]}`
  return make(
    'section',
    { class: 'thaw-step', 'aria-label': `Training steps ${range}` },
    make(
      'dl',
      {},
      value('Run', name, strategy === name ? '' : strategy),
      value(steps.length === 1 ? 'Step' : 'Steps', range, `of ${planned}`),
      value('Loss', number(loss[last]), steps.length > 1 ? `from ${number(loss[0])}` : ''),
      value('Training accuracy', fixed(accuracy[last]!, 2), 'this batch'),
      value('Time', `${fixed(ms / 1000, 2)} s`, 'a step'),
    ),
    table(output),
    make(
      'div',
      { class: 'legend' },
      make(
        'span',
        {},
        '‖Δw‖ / ‖w‖ a step 2e−5',
        make('canvas', { class: 'scale', 'aria-hidden': 'true' }),
        '0.01',
      ),
      make('span', {}, make('i', { class: 'hatch' }), 'frozen, did not move'),
    ),
  )
}

function table(output: StepOutput): HTMLElement {
  const rows = output.stages.map((stage) => {
    const moved = stage.moved.some((one) => one === true)
    const measured = stage.moved.some((one) => one !== null)
    const wrong = moved && !stage.training
    const words = !measured ? 'not measured' : moved ? (wrong ? '▲ moved' : 'moved') : 'did not move'
    return make(
      'tr',
      {},
      make('th', { scope: 'row' }, stage.name),
      make('td', {}, make('canvas', { 'data-stage': stage.name, 'aria-hidden': 'true' })),
      make('td', { class: stage.training ? 'ember' : 'ice' }, stage.training ? 'training' : 'frozen'),
      make('td', { class: wrong ? 'error' : '' }, words),
      make('td', { class: 'number' }, number(stage.update.at(-1) ?? null)),
      make('td', { class: 'number' }, number(stage.distance)),
    )
  })
  const heads = [
    'Stage',
    `Steps ${output.steps[0]} to ${output.steps.at(-1)}`,
    'Declared',
    'Effective',
    'Update ratio',
    'Distance from w0',
  ]
  return make(
    'table',
    {},
    make('thead', {}, make('tr', {}, ...heads.map((head) => make('th', { scope: 'col' }, head)))),
    make('tbody', {}, ...rows),
  )
}

function paint(root: ShadowRoot, output: StepOutput): void {
  const kind = themeOf()
  const scale = Math.max(1, devicePixelRatio || 1)
  const size = (canvas: HTMLCanvasElement, width: number, height: number) => {
    canvas.width = width * scale
    canvas.height = height * scale
    canvas.style.width = `${width}px`
    canvas.style.height = `${height}px`
    const g = canvas.getContext('2d')!
    g.scale(scale, scale)
    return g
  }
  const width = Math.min(360, Math.max(LABEL, output.steps.length * 12))
  const cell = width / output.steps.length
  for (const stage of output.stages) {
    const canvas = [...root.querySelectorAll<HTMLCanvasElement>('canvas[data-stage]')].find(
      (one) => one.dataset.stage === stage.name,
    )
    if (!canvas) continue
    const g = size(canvas, width, CELL_ROW)
    output.steps.forEach((_, i) => {
      const update = stage.update[i] ?? null
      if (stage.moved[i] === false && !stage.training)
        hatch(g, i * cell, cell, cssColour('--ice-hatch', root.host))
      else if (update !== null) {
        g.fillStyle = ember(shade(update, 'updateRatio'), kind)
        g.fillRect(i * cell, 3, cell - (cell > 4 ? 0.5 : 0), CELL_ROW - 3)
      }
    })
    g.fillStyle = cssColour(stage.training ? '--ember' : '--ice', root.host)
    g.fillRect(0, 0, width, 2)
  }
  const bar = root.querySelector<HTMLCanvasElement>('canvas.scale')
  if (!bar) return
  const g = size(bar, 96, 8)
  for (let x = 0; x < 96; x++) {
    g.fillStyle = ember(x / 95, kind)
    g.fillRect(x, 0, 1, 8)
  }
}

function hatch(g: CanvasRenderingContext2D, x: number, width: number, colour: string): void {
  g.save()
  g.beginPath()
  g.rect(x, 3, width, CELL_ROW - 3)
  g.clip()
  g.strokeStyle = colour
  g.beginPath()
  for (let at = Math.floor(x / 6) * 6 - 12; at < x + width + 12; at += 6) {
    g.moveTo(at, CELL_ROW)
    g.lineTo(at + CELL_ROW, 0)
  }
  g.stroke()
  g.restore()
}
