import type { TrainingSession } from '../../engine/train'

/** Weights that changed although the session did nothing. */
export interface OutsideChange {
  /** Steps done then. */
  step: number
  /** How messages name the cell. */
  cell: string
}

type Fingerprint = Map<string, number>

/**
 * Sees when somebody else changes a session's values. Tensors are values: whoever sets one puts another in its place,
 * which is cheap to see at every border of the session's own work. Values that change inside a tensor are seen by their
 * contents, at the end of a cell in which the session did nothing.
 */
export class WeightGuard {
  private identities?: Fingerprint
  private contents?: number
  /** The session worked since the last look at the contents. */
  private worked = true

  /** @param floats values of a tensor, as the engine reads them */
  constructor(
    private readonly session: TrainingSession,
    private readonly floats: (name: string) => Float32Array,
  ) {}

  /** Before the session works. @returns whether somebody else has changed something since it did */
  before(): boolean {
    return this.identities !== undefined && !same(this.identities, this.identify())
  }

  /** After the session worked, or a change was told. */
  after(): void {
    this.identities = this.identify()
    this.worked = true
  }

  /** At the end of a cell. @returns whether somebody else has changed something */
  cellEnded(): boolean {
    if (this.before()) {
      this.after()
      this.contents = undefined
      return true
    }
    const before = this.worked ? undefined : this.contents
    this.contents = this.digest()
    this.worked = false
    return before !== undefined && before !== this.contents
  }

  private identify(): Fingerprint {
    const { bank } = this.session
    return new Map(bank.names().map((name) => [name, bank.get(name).id]))
  }

  /** 32 bits of everything: enough against oversight, which is all that it is for. */
  private digest(): number {
    let hash = 0x811c9dc5
    for (const name of this.session.bank.names()) {
      const values = this.floats(name)
      const words = new Uint32Array(values.buffer, values.byteOffset, values.length)
      for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, 0x01000193)
    }
    return hash
  }
}

const same = (a: Fingerprint, b: Fingerprint): boolean =>
  a.size === b.size && [...a].every(([name, id]) => b.get(name) === id)
