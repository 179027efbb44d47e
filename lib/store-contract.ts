export type { OpenStore, StoreContractCase, StoreContractOptions } from './store/contract.js';
export { storeContract } from './store/contract.js';
