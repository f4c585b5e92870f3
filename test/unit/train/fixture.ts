/** The product checks a user's own strategy on the same tiny network. */
export * from '../../../src/own/tiny'
