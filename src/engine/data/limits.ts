/** What an image file may be. Above these a file is refused from its header, before any pixel is decoded. */
export const limits = {
  /** Pixels of the longer side. */
  side: 20_000,
  /** Width times height. */
  pixels: 100_000_000,
  bytes: 256 * 1024 * 1024,
  /** An SVG is a program for the renderer, so it gets less. */
  svgBytes: 4 * 1024 * 1024,
  /** Seconds of rendering. */
  seconds: 20,
  /** Folders inside each other below the data's root. */
  depth: 16,
  /** Entries looked at below the data's root. */
  entries: 2_000_000,
}

const extensions = new Set(['png', 'jpg', 'jpeg', 'jpe', 'jfif', 'webp', 'gif', 'svg', 'avif', 'tif', 'tiff'])

/** Formats of the decoder (by content, whatever the name says) that count as images here. */
export const formats: ReadonlySet<string> = new Set(['png', 'jpeg', 'webp', 'gif', 'svg', 'heif', 'tiff'])

/** Pictures in formats that the decoder does not read, so that the message can say to convert them. */
const foreign = new Set([
  'bmp',
  'heic',
  'heif',
  'jp2',
  'jxl',
  'ico',
  'psd',
  'raw',
  'cr2',
  'nef',
  'dng',
  'tga',
  'dcm',
  'ppm',
  'pgm',
  'pdf',
  'eps',
])

const extensionOf = (name: string) => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''

/** By extension: what is opened at all. */
export const isImageName = (name: string): boolean => extensions.has(extensionOf(name))

export const isForeignImageName = (name: string): boolean => foreign.has(extensionOf(name))

/** Files that systems leave behind and nobody means as data. */
export const isClutter = (name: string): boolean =>
  name.startsWith('.') ||
  [
    'thumbs.db',
    'desktop.ini',
    '__macosx',
    '__pycache__',
    'node_modules',
    '$recycle.bin',
    'lost+found',
  ].includes(name.toLowerCase())
