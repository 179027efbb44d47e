/**
 * The cases that check a store of your own.
 *
 * @module passport-launchkey/store-contract
 */
export type { OpenStore, StoreContractCase, StoreContractOptions } from './store/contract.js';
export { storeContract } from './store/contract.js';
