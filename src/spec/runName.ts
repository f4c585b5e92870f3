/** What a run is called whose file gives it no name: `photos` for `/a/photos.thaw.json`. */
export const runNameOf = (file: string): string =>
  file.replace(/^.*[\\/]/, '').replace(/\.thaw\.json$|\.jsonc?$/, '')
