import * as vscode from 'vscode'
import { labelsOf, patternMatcher } from '../../engine/network/pattern'
import { networkOf, type NetworkNames } from './layers'
import { patternAt } from './patterns'

const kinds = {
  stage: vscode.CompletionItemKind.Module,
  block: vscode.CompletionItemKind.Struct,
  layer: vscode.CompletionItemKind.Field,
  parameter: vscode.CompletionItemKind.Variable,
}

interface Name {
  text: string
  kind: keyof typeof kinds
  detail: string
}

/** What a pattern can name, stages first: few words reach far. */
export function namesOf({ layers }: NetworkNames): Name[] {
  const stages = new Map<string, number>()
  const blocks = new Map<string, number>()
  for (const { stage, block } of layers) {
    stages.set(stage, (stages.get(stage) ?? 0) + 1)
    if (block) blocks.set(`${stage}/${block}`, (blocks.get(`${stage}/${block}`) ?? 0) + 1)
  }
  const counted = (n: number) => (n === 1 ? '1 layer' : `${n} layers`)
  return [
    ...[...stages].map(([text, n]): Name => ({ text, kind: 'stage', detail: `stage of ${counted(n)}` })),
    ...[...blocks].map(([text, n]): Name => ({ text, kind: 'block', detail: `block of ${counted(n)}` })),
    ...layers.map((layer): Name => ({
      text: layer.name,
      kind: 'layer',
      detail: `${layer.kind}, ${layer.parameters.toLocaleString('en')} weights, ${layer.stage}`,
    })),
    ...layers.flatMap(({ names, name }) =>
      names.map((text): Name => ({ text, kind: 'parameter', detail: `of ${name}` })),
    ),
  ]
}

/** Stages, blocks, layers and parameters of the run file's own network, where a pattern is written. */
export class LayerCompletion implements vscode.CompletionItemProvider {
  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.CompletionItem[]> {
    const spot = patternAt(document.getText(), document.offsetAt(position))
    if (!spot || !vscode.workspace.isTrusted) return []
    const network = await networkOf(document)
    if (!network) return []
    const range = new vscode.Range(document.positionAt(spot.start), document.positionAt(spot.end))
    return namesOf(network).map(({ text, kind, detail }, i) => {
      const item = new vscode.CompletionItem(`"${text}"`, kinds[kind])
      item.detail = detail
      item.range = range
      item.filterText = `"${text}"`
      item.sortText = String(i).padStart(6, '0')
      return item
    })
  }
}

/** How many layers the pattern under the pointer matches in the network, and which. */
export class LayerHover implements vscode.HoverProvider {
  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.Hover | undefined> {
    const spot = patternAt(document.getText(), document.offsetAt(position))
    if (!spot || spot.end <= spot.start || !vscode.workspace.isTrusted) return undefined
    const pattern = document.getText().slice(spot.start + 1, spot.end - 1)
    const network = await networkOf(document)
    if (!network) return undefined
    const matches = patternMatcher(pattern)
    const matched = network.layers.filter((layer) => [...labelsOf(layer), ...layer.names].some(matches))
    const text = new vscode.MarkdownString(
      matched.length === 0
        ? `\`${pattern}\` matches no layer of ${network.architecture}`
        : `\`${pattern}\` matches ${matched.length} of ${network.layers.length} layers of ${network.architecture}:\n\n${matched
            .slice(0, 12)
            .map(({ name, kind }) => `- \`${name}\` (${kind})`)
            .join('\n')}${matched.length > 12 ? `\n- and ${matched.length - 12} more` : ''}`,
    )
    return new vscode.Hover(
      text,
      new vscode.Range(document.positionAt(spot.start), document.positionAt(spot.end)),
    )
  }
}

export const layerCompletion = new LayerCompletion()
export const layerHover = new LayerHover()
