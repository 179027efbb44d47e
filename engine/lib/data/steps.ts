import type { Ports } from './data.js';
import type { CallPort } from './ports/calls.js';

/**
 * How a method of a port is acknowledged.
 *
 * - `read`: it changes nothing, and returns only what is committed.
 * - `durable`: its changes are on the disk before it returns, so that neither a killed process nor a
 *   power cut undoes them.
 * - `relaxed`: its changes survive a killed process, and a power cut may undo the last ones. It waits
 *   for no disk. A later durable step makes all earlier ones durable.
 *
 * Relaxed are the counts of attempts, nonces, the state of events that are sent, when devices were seen,
 * and deletions of expired records. What a power cut can undo of them is repeated without harm: an
 * event is sent again under its id, and a nonce is also bound to the minute in which it was made. An
 * identity is relaxed since it is first told in a durable step that follows.
 */
export type StepKind = 'read' | 'durable' | 'relaxed';

export const STEPS: {
  readonly [Port in keyof Ports]: { readonly [Method in keyof Ports[Port]]: StepKind };
} = {
  apps: {
    insert: 'durable',
    get: 'read',
    list: 'read',
    setDisabled: 'durable',
    replaceCredentials: 'durable',
    setUsedPingKeys: 'durable',
    delete: 'durable',
  },
  users: {
    insert: 'durable',
    get: 'read',
    byName: 'read',
    recipient: 'read',
    overview: 'read',
    list: 'read',
    setSuspended: 'durable',
    delete: 'durable',
    countVirtualDevices: 'read',
    expectLogin: 'durable',
    setVirtualDevice: 'durable',
  },
  identities: { ensure: 'relaxed' },
  pairings: { put: 'durable', take: 'durable', byImage: 'read' },
  devices: {
    insert: 'durable',
    get: 'read',
    list: 'read',
    counts: 'read',
    update: 'durable',
    seen: 'relaxed',
    delete: 'durable',
  },
  nonces: { take: 'relaxed' },
  requests: {
    insert: 'durable',
    get: 'read',
    listOpen: 'read',
    countOpen: 'read',
    expireOpen: 'durable',
    answer: 'durable',
    allowDenialOnly: 'durable',
    withdraw: 'durable',
    listWithdrawn: 'read',
    reportWithdrawn: 'durable',
    endedSince: 'read',
  },
  sessions: { get: 'read', list: 'read', confirm: 'durable', end: 'durable', clear: 'durable' },
  receipts: { get: 'read', list: 'read' },
  deliveries: {
    claim: 'relaxed',
    reschedule: 'relaxed',
    delete: 'relaxed',
    cutWaits: 'relaxed',
    count: 'read',
    oldest: 'read',
  },
  rates: { take: 'relaxed' },
  fraud: { get: 'read', endPause: 'durable' },
  audit: { insert: 'durable', list: 'read', deletedUserIds: 'read' },
  pingKeys: { list: 'read', add: 'durable' },
  secrets: { ensure: 'durable' },
  nodes: { beat: 'relaxed', list: 'read', delete: 'relaxed' },
};

/** The same of the reads of calls. */
export const CALL_STEPS: { readonly [Method in keyof CallPort]: StepKind } = {
  recipient: 'read',
  request: 'read',
  answerable: 'read',
  device: 'read',
  admit: 'relaxed',
  overview: 'read',
};
