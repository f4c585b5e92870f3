import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as vscode from 'vscode'
import { images, tinyRun, until, workspace, write } from './support'

const at = (document: vscode.TextDocument, text: string, shift = 1) =>
  document.positionAt(document.getText().indexOf(text) + shift)

const labelOf = ({ label }: vscode.CompletionItem) => (typeof label === 'string' ? label : label.label)

async function open(name: string, content: unknown): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(write(name, content))
  await vscode.window.showTextDocument(document)
  return document
}

describe('a run file in the editor', () => {
  it('is written for a folder of images, with comments, and opened', async () => {
    const folder = images('tune/photos', ['bird', 'mammal', 'tool'], 8)
    const uri = await vscode.commands.executeCommand<vscode.Uri>('thaw.tuneFolder', folder)
    assert.equal(uri.fsPath, join(workspace(), 'tune', 'photos.thaw.json'))
    assert.equal(vscode.window.activeTextEditor?.document.uri.fsPath, uri.fsPath)
    const text = readFileSync(uri.fsPath, 'utf8')
    assert.match(text, /\/\/ 3 classes;/)
    assert.match(text, /"source": "photos"/)
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.deepEqual(vscode.languages.getDiagnostics(uri), [])
  })

  it('is opened as it is where there is one already', async () => {
    const path = join(workspace(), 'tune', 'photos.thaw.json')
    const mine = `// mine\n${readFileSync(path, 'utf8')}`
    write('tune/photos.thaw.json', mine)
    await vscode.commands.executeCommand(
      'thaw.tuneFolder',
      vscode.Uri.file(join(workspace(), 'tune', 'photos')),
    )
    assert.equal(readFileSync(path, 'utf8'), mine)
  })

  it('is written for the packaged drawings, for who has no images', async () => {
    const uri = await vscode.commands.executeCommand<vscode.Uri>('thaw.useDrawings')
    assert.equal(uri.fsPath, join(workspace(), 'drawings.thaw.json'))
    assert.match(readFileSync(uri.fsPath, 'utf8'), /"source": "thaw:noto-drawings"/)
  })

  it('gets another strategy without losing its comments', async () => {
    const document = await open('use/use.thaw.json', '{\n  // kept\n  "strategy": "full"\n}\n')
    await vscode.commands.executeCommand('thaw.useStrategy', 'delta')
    assert.equal(document.getText(), '{\n  // kept\n  "strategy": "delta"\n}\n')
    await document.save()
  })

  it('completes fields from the schema, and layers from its own network', async () => {
    const document = await open('complete/complete.thaw.json', {
      ...tinyRun(2),
      freeze: [{ train: ['head', 'x'] }],
    })
    const complete = async (position: vscode.Position) =>
      (
        await vscode.commands.executeCommand<vscode.CompletionList>(
          'vscode.executeCompletionItemProvider',
          document.uri,
          position,
        )
      ).items.map(labelOf)
    const layers = await until('layer names', async () => {
      const found = await complete(at(document, '"x"'))
      return found.includes('"stage1"') && found
    })
    assert.ok(layers.includes('"head"') && layers.includes('"conv1"'), layers.slice(0, 20).join())
    const fields = await complete(at(document, '"steps"'))
    assert.ok(
      fields.some((name) => /epochs/.test(name)),
      fields.join(),
    )
  })

  it('says in a hover what a strategy is, how many layers a pattern matches, and what a field means', async () => {
    const document = await open('hover/hover.thaw.json', {
      ...tinyRun(2),
      strategy: { name: 'delta' },
      freeze: [{ train: ['stage*'] }],
    })
    const hover = async (text: string) =>
      (
        await vscode.commands.executeCommand<vscode.Hover[]>(
          'vscode.executeHoverProvider',
          document.uri,
          at(document, text, 2),
        )
      )
        .flatMap(({ contents }) => contents)
        .map((one) => (typeof one === 'string' ? one : one.value))
        .join('\n')
    assert.match(await hover('"stage*"'), /matches \d+ of \d+ layers of small_cnn/)
    assert.match(await hover('"delta"'), /ICLR 2019/)
    assert.match(
      await until('the schema', async () => (await hover('"steps"')) || undefined),
      /Optimizer steps/,
    )
  })

  it('has an outline that tells the run in order', async () => {
    const document = await open(
      'outline/outline.thaw.json',
      `{
  "strategy": "gradual",
  "train": { "steps": 60, "actions": [{ "at": 30, "do": { "freeze": ["stem"] } }] },
  "freeze": [{ "name": "top", "steps": 20, "train": ["head"] }, { "train": ["*"] }]
}`,
    )
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      document.uri,
    )
    const names = symbols
      .flatMap((one) => [one, ...one.children])
      .map(({ name, detail }) => `${name}: ${detail}`)
    for (const wanted of ['top: steps 1 to 20: head', 'phase 2: steps 21 to 60: *', 'at 30: freeze stem'])
      assert.ok(names.includes(wanted), `${wanted} is not among\n${names.join('\n')}`)
  })
})

describe('preflight in the editor', () => {
  it('marks what it finds at its place, with a quick fix', async () => {
    const document = await open('preflight/bad.thaw.json', {
      ...tinyRun(2),
      freeze: [{ train: ['head', 'stagee1'] }],
    })
    const answer = await vscode.commands.executeCommand<{ ok: boolean }>('thaw.preflight', document.uri)
    assert.equal(answer.ok, false)
    const [found] = vscode.languages
      .getDiagnostics(document.uri)
      .filter(({ source }) => source === 'thaw preflight')
    assert.ok(found)
    assert.equal(document.getText(found.range), '"stagee1"')
    const fixes = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      found.range,
      vscode.CodeActionKind.QuickFix.value,
    )
    const fix = fixes.find(({ title }) => /^Change to "stage1"/.test(title))
    assert.ok(fix?.edit, fixes.map(({ title }) => title).join())
    await vscode.workspace.applyEdit(fix.edit)
    assert.match(document.getText(), /"stage1"/)
    await document.save()
    assert.equal(
      (await vscode.commands.executeCommand<{ ok: boolean }>('thaw.preflight', document.uri)).ok,
      true,
    )
    assert.equal(existsSync(join(workspace(), 'preflight', '.thaw')), false)
  })
})
