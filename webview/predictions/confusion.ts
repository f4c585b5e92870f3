import { html, nothing, svg, type TemplateResult } from 'lit'
import { ember, type Theme } from '../colour'
import { cut } from '../format'
import { styled } from '../styled'

const CELL = 30
const LABELS = 88
const TOP = 74
/** More classes are drawn as shades without numbers. */
const NUMBERED = 20

const ice = { dark: '99, 179, 232', light: '20, 112, 173', hc: '124, 200, 255', hcl: '11, 92, 148' }

/**
 * The confusion matrix: rows are true classes, shade is the share of the row; ice on the diagonal, ember beside it.
 * A click on a cell chooses its images.
 */
export function confusionPicture(options: {
  classes: readonly string[]
  confusion: readonly number[][]
  theme: Theme
  chosen?: { label: number; predicted: number }
  choose(label: number, predicted: number): void
}): TemplateResult {
  const { classes, confusion, theme, chosen, choose } = options
  const cell = classes.length <= NUMBERED ? CELL : Math.max(6, Math.floor((CELL * NUMBERED) / classes.length))
  const side = cell * classes.length
  const names = cell >= 11
  return html`<svg
    class="confusion"
    data-picture="confusion"
    width=${LABELS + side + 60}
    height=${TOP + side + 2}
    role="img"
    aria-label="Confusion matrix of ${classes.length} classes; the table below holds its numbers"
  >
    ${classes.map((name, c) =>
      names
        ? svg`<text class="label" text-anchor="end" x=${LABELS - 8} y=${TOP + (c + 0.5) * cell + 4}>${cut(name, 12)}<title>${name}</title></text>
              <text class="label" transform="translate(${LABELS + (c + 0.5) * cell + 4} ${TOP - 8}) rotate(-40)">${cut(name, 12)}<title>${name}</title></text>`
        : nothing,
    )}
    ${confusion.map((row, label) => {
      const total = row.reduce((a, b) => a + b, 0)
      return row.map((count, predicted) => {
        const share = total > 0 ? count / total : 0
        const right = label === predicted
        const x = LABELS + predicted * cell
        const y = TOP + label * cell
        const fill =
          count === 0
            ? 'transparent'
            : right
              ? `rgba(${ice[theme]}, ${0.35 + 0.65 * share})`
              : ember(0.22 + 0.6 * share, theme)
        const picked = chosen?.label === label && chosen.predicted === predicted
        return svg`<g class="cell ${count > 0 ? 'some' : ''}" @click=${() => count > 0 && choose(label, predicted)}>
          <rect x=${x + 0.5} y=${y + 0.5} width=${cell - 1} height=${cell - 1} rx="1" fill=${fill} class=${picked ? 'picked' : 'box'}><title>${classes[label]} said to be ${classes[predicted]}: ${count} of ${total}</title></rect>
          ${count > 0 && classes.length <= NUMBERED ? svg`<text class="number ${right ? (share > 0.35 ? 'on-ice' : '') : share > 0.25 ? 'on-ember' : 'on-deep'}" text-anchor="middle" x=${x + cell / 2} y=${y + cell / 2 + 4}>${count}</text>` : nothing}
        </g>`
      })
    })}
  </svg>`
}

/** The same for screen readers and for small screens: the mistakes, most frequent first. */
export function confusionTable(classes: readonly string[], confusion: readonly number[][]): TemplateResult {
  const mistakes = confusion
    .flatMap((row, label) => row.map((count, predicted) => ({ label, predicted, count })))
    .filter(({ label, predicted, count }) => count > 0 && label !== predicted)
    .sort((a, b) => b.count - a.count)
  return html`<details>
    <summary>The mistakes as a table</summary>
    <div
      class="scroll"
      ${styled({ 'max-height': '240px' })}
      tabindex="0"
      role="region"
      aria-label="Mistakes by frequency"
    >
      <table>
        <thead>
          <tr>
            <th>True class</th>
            <th>Predicted</th>
            <th class="number">Images</th>
          </tr>
        </thead>
        <tbody>
          ${mistakes.map(
            ({ label, predicted, count }) =>
              html`<tr>
                <td>${classes[label]}</td>
                <td>${classes[predicted]}</td>
                <td class="number">${count}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </details>`
}
