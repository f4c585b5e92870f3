/** The product checks a user's own strategy by the same contract. */
export * from '../../../src/own/contract'
export * from '../../../src/own/trial'
