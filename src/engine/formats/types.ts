export interface LoadOptions {
  /** Folder that relative paths of the run file start from. */
  base: string
  /** Folder of packaged files, see `mediaFolder`. */
  media: string
  /** Leaves the classifier of the file on the network when no cut is given. */
  keepHead?: boolean
}
