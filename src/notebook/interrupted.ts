/** A person ended the cell. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}
