import { LitElement, html, nothing, unsafeCSS } from 'lit'
import { customElement, property } from 'lit/decorators.js'
import type { Command, PanelHead, PanelRun, Way } from '../../src/extension/protocol'
import { duration, fixed } from '../format'
import { icon } from '../icons'
import shared from '../shared.css'
import { styled } from '../styled'
import own from './header.css'

const words: Record<PanelHead['state'], string> = {
  queued: 'Queued',
  preparing: 'Preparing',
  running: 'Running',
  paused: 'Paused',
  finished: 'Finished',
  stopped: 'Stopped',
  failed: 'Failed',
}

const ways: Record<Way, string> = {
  resume: 'Resume from the last checkpoint',
  log: 'Show the trainer’s log',
  events: 'Open the run’s log',
  cache: 'Clear the cache…',
  runs: 'Show other runs',
  close: 'Close this panel',
}

/** Name, state and the few numbers that matter; Pause and Stop, or Resume where the trainer is gone. */
@customElement('thaw-header')
export class Header extends LitElement {
  static override styles = [unsafeCSS(shared), unsafeCSS(own)]

  @property({ attribute: false }) run?: PanelRun
  @property({ attribute: false }) head?: PanelHead
  @property({ attribute: false }) answer?: { ok: boolean; message: string }

  override render() {
    const { run, head } = this
    const state = head?.state ?? 'preparing'
    const alive = state === 'running' || state === 'paused' || state === 'preparing'
    const share = head && head.steps > 0 ? Math.min(1, head.step / head.steps) : 0
    return html`
      <header>
        <div class="title">
          <h1><span class="dot ${state}"></span>${run?.name ?? 'Run'}</h1>
          <div class="small dim">
            ${
              run
                ? html`${run.strategy.title}
                  ${
                    head && head.phase.current >= 0 && head.phase.count > 1
                      ? html` · phase ${head.phase.current + 1} of ${head.phase.count}`
                      : nothing
                  }
                  · seed ${run.seed}`
                : state === 'preparing' || state === 'queued'
                  ? 'waiting for the first line of the run'
                  : 'it ended before its first step'
            }
          </div>
        </div>
        <dl>
          ${this.value('State', html`<span class="${state}-text" data-part="state">${words[state]}</span>`)}
          ${head && this.value('Step', html`<span data-part="step">${head.step}</span>`, `of ${head.steps}`)}
          ${this.accuracy()}
          ${
            head &&
            this.value(
              'Elapsed',
              duration(head.elapsedMs),
              head.leftMs !== undefined ? `about ${duration(head.leftMs)} left` : '',
            )
          }
          ${run && this.value('Device', run.device.backend, run.device.where)}
          ${
            head?.progress &&
            this.value('Now', head.progress.what, `${head.progress.done} of ${head.progress.total}`)
          }
        </dl>
        <div class="controls">
          ${
            alive
              ? html`
                  <label class="small rate" title="Factor on every rate from the next step on"
                    >Rate ×
                    <input
                      data-part="rate"
                      inputmode="decimal"
                      size="5"
                      .value=${String(head?.rateFactor ?? 1)}
                      @change=${(event: Event) => this.setRate(event.target as HTMLInputElement)}
                  /></label>
                  ${
                    state === 'paused'
                      ? html`<vscode-button data-part="resume" @click=${() => this.send({ do: 'resume' })}
                          >${icon('play', 'start')}Resume</vscode-button
                        >`
                      : html`<vscode-button data-part="pause" @click=${() => this.send({ do: 'pause' })}
                          >${icon('pause', 'start')}Pause</vscode-button
                        >`
                  }
                  ${
                    state === 'paused'
                      ? html`<vscode-button
                          appearance="secondary"
                          data-part="step"
                          title="Take one step, then pause again"
                          @click=${() => this.send({ do: 'step', count: 1 })}
                          >${icon('step', 'start')}Step</vscode-button
                        >`
                      : nothing
                  }
                  <vscode-button
                    appearance="secondary"
                    data-part="stop"
                    title="Stop and keep a checkpoint"
                    @click=${() => this.send({ do: 'stop' })}
                    >${icon('stop', 'start')}Stop</vscode-button
                  >
                `
              : head?.resume
                ? html`<vscode-button
                    data-part="go-on"
                    title=${
                      head.resume === 'checkpoint'
                        ? 'Go on from the last checkpoint'
                        : 'There is no checkpoint yet: begin it again'
                    }
                    @click=${() => this.go('resume')}
                    >${icon('play', 'start')}Resume</vscode-button
                  >`
                : nothing
          }
        </div>
      </header>
      <div
        class="track"
        role="progressbar"
        aria-label="Training steps"
        aria-valuemin="0"
        aria-valuemax=${head?.steps ?? 0}
        aria-valuenow=${head?.step ?? 0}
      >
        <i ${styled({ width: `${100 * share}%` })}></i>
      </div>
      ${this.trouble()}
    `
  }

  /** What went wrong, with the ways on; below it what did not work when one was tried. */
  private trouble() {
    const { head, answer } = this
    const refused = answer && !answer.ok ? answer.message : undefined
    const { trouble } = head ?? {}
    const message = trouble?.message ?? head?.message
    const calm = trouble?.kind === 'torn' || trouble?.kind === 'newer'
    return html`${
      message
        ? html`<div
            class="message ${calm ? 'calm' : ''}"
            role=${calm ? 'status' : 'alert'}
            data-trouble=${trouble?.kind ?? nothing}
          >
            ${icon('warn')}<span>${message}</span>
            ${(trouble?.ways ?? []).map(
              (way) =>
                html`<button class="plain" data-way=${way} @click=${() => this.go(way)}>
                  ${ways[way]}
                </button>`,
            )}
          </div>`
        : nothing
    }
    ${refused ? html`<div class="message" role="alert">${icon('warn')}<span>${refused}</span></div>` : nothing}`
  }

  private go(way: Way): void {
    this.dispatchEvent(new CustomEvent('way', { detail: way, bubbles: true, composed: true }))
  }

  private accuracy() {
    const accuracy = this.head?.accuracy
    if (!accuracy) return this.value('Balanced accuracy', '–', 'not evaluated yet')
    const { balancedAccuracy, low, high, count, step, split } = accuracy
    return this.value(
      `Balanced accuracy, ${split}, step ${step}`,
      html`<span data-part="accuracy">${fixed(balancedAccuracy)}</span>`,
      `± ${fixed((high - low) / 2)}, ${count} images`,
    )
  }

  private value(name: string, value: unknown, more = '') {
    return html`<div>
      <dt>${name}</dt>
      <dd>${value} ${more ? html`<small>${more}</small>` : nothing}</dd>
    </div>`
  }

  private setRate(input: HTMLInputElement): void {
    const factor = Number(input.value.replace(',', '.'))
    const fine = input.value.trim() !== '' && factor >= 0 && factor <= 1000
    input.setCustomValidity(fine ? '' : 'a factor from 0 to 1000')
    input.setAttribute('aria-invalid', String(!fine))
    if (fine) this.send({ do: 'rate', factor })
  }

  private send(command: Command): void {
    this.dispatchEvent(new CustomEvent('command', { detail: command, bubbles: true, composed: true }))
  }
}
