/** What this browser keeps of its pairing. The private key can be used here, and not be read. */
export interface Pairing {
  deviceId: string;
  token: string;
  username: string;
  keys: CryptoKeyPair;
  /** Once the user has set a PIN, until it was mistyped too often. */
  pin?: PinKey;
}

/** A knowledge key, wrapped by the user's PIN and a key of this browser. */
export interface PinKey {
  /** A key that cannot be exported, so a copy of the stored data cannot be tried elsewhere. */
  secret: CryptoKey;
  salt: Uint8Array<ArrayBuffer>;
  iv: Uint8Array<ArrayBuffer>;
  wrapped: ArrayBuffer;
  /** Attempts since the last correct PIN. */
  tries: number;
}

const DATABASE = 'launchkey';
const STORE = 'pairing';
/** There is one pairing in a browser. */
const KEY = 'this';

export async function loadPairing(): Promise<Pairing | undefined> {
  return await within('readonly', (store) => store.get(KEY));
}

export async function savePairing(pairing: Pairing): Promise<void> {
  await within('readwrite', (store) => store.put(pairing, KEY));
  // Without it a browser that is short of space may drop the keys.
  await navigator.storage?.persist?.().catch(() => false);
}

/** Changes it in one step, whatever other pages of this browser do; resolves with the outcome. */
export async function updatePairing(change: (pairing: Pairing) => Pairing): Promise<Pairing> {
  let changed: Pairing | undefined;
  await within('readwrite', (store) => {
    const request: IDBRequest<Pairing | undefined> = store.get(KEY);
    request.onsuccess = () => {
      if (!request.result) return;
      changed = change(request.result);
      store.put(changed, KEY);
    };
    return request;
  });
  if (!changed) throw new Error('This browser is not paired.');
  return changed;
}

export async function forgetPairing(): Promise<void> {
  await within('readwrite', (store) => store.clear());
}

async function within<T>(
  mode: IDBTransactionMode,
  act: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = act(transaction.objectStore(STORE));
      // What is written counts once the transaction is through.
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
