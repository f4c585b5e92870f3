import type { ActivationFunction } from 'vscode-notebook-renderer'
import type { FromRenderer, ToRenderer } from '../../src/extension/protocol'
import { Display } from './display'

/**
 * Draws Thaw's outputs. An output keeps its element: newer data of a display that grows comes as a message and is put
 * into the element that is there, so that nothing flickers.
 */
export const activate: ActivationFunction = (context) => {
  const places = new Map<string, HTMLElement>()

  context.onDidReceiveMessage?.(({ type, id, mime, data }: ToRenderer) => {
    if (type !== 'update') return
    for (const element of places.values())
      for (const display of element.querySelectorAll('thaw-display'))
        if (display instanceof Display && display.data?.id === id) Object.assign(display, { mime, data })
  })

  return {
    renderOutputItem(item, element) {
      places.set(item.id, element)
      const known = element.querySelector('thaw-display')
      const display = known instanceof Display ? known : new Display()
      const data = item.json() as Display['data']
      Object.assign(display, { mime: item.mime, data })
      if (display !== known) element.replaceChildren(display)
      // what came while this output was not on screen
      if (data?.live && data.id !== undefined)
        context.postMessage?.({ type: 'newest', id: data.id } satisfies FromRenderer)
    },
    disposeOutputItem(id) {
      if (id === undefined) places.clear()
      else places.delete(id)
    },
  }
}
