/** Run files are told by their name. */
export const isRunFile = (path: string): boolean => path.endsWith('.thaw.json')
