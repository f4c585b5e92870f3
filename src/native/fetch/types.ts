/** A wheel that is wanted. */
export interface WheelRequest {
  /** Package name, for example `tensorflow-cpu`. */
  name: string
  /** PEP 440, for example `==2.21.0` or `<13.0,>=12.5.3.2`. */
  specifier: string
  /** Platform tags that run here, best first. */
  tags: readonly string[]
  /** Where the file goes. */
  folder: string
  /** Bytes of the file so far, and in all where that is known. */
  progress: (done: number, total?: number) => void
}

/** Fetches one wheel and gives the path of its file, checked against the index's hash. */
export type Fetch = (request: WheelRequest) => Promise<string>
