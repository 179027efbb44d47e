import { EventEmitter, once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type Answer,
  type LaunchKeySession,
  type LoginRecord,
  MemoryStore,
  type PendingLogin,
  type Place,
} from 'passport-launchkey';
import type { OpenStore } from 'passport-launchkey/store-contract';

/** Looks first and writes then, so that several can have looked before one has written. */
class GetThenSetStore extends MemoryStore {
  override async consume(handle: string): Promise<LoginRecord | null> {
    const record = await this.get(handle);
    await turn();
    if (record?.state !== 'answered') return null;
    await super.consume(handle);
    return { ...record, state: 'finished' };
  }
}

/** Keeps everything for good. */
class KeepingStore extends MemoryStore {
  override add(login: PendingLogin): Promise<void> {
    return super.add(login, 1e9);
  }

  override takePlace(place: Place, limit: number): Promise<number | null> {
    return super.takePlace(place, limit, 1e9);
  }

  override openSession(session: LaunchKeySession): Promise<void> {
    return super.openSession(session, 1e9);
  }
}

/** Counts the places that are taken first and takes one then. */
class CountThenTakeStore extends MemoryStore {
  private readonly taken = new Map<string, Map<string, number>>();

  override async takePlace({ of, id }: Place, limit: number, ttl: number): Promise<number | null> {
    const now = Date.now();
    const places = this.taken.get(of) ?? new Map<string, number>();
    const live = [...places.values()].filter((until) => until > now);
    await turn();
    if (live.length >= limit) return Math.min(...live) - now;
    this.taken.set(of, places.set(id, now + ttl));
    return null;
  }

  override async leavePlace({ of, id }: Place): Promise<void> {
    this.taken.get(of)?.delete(id);
  }
}

/** Looks, and only then begins to listen. */
class DeafStore extends MemoryStore {
  private readonly answers = new EventEmitter().setMaxListeners(0);

  override async answer(handle: string, answer: Answer): Promise<boolean> {
    const taken = await super.answer(handle, answer);
    if (taken) this.answers.emit(handle);
    return taken;
  }

  override async waitForAnswer(handle: string, signal: AbortSignal): Promise<LoginRecord | null> {
    signal.throwIfAborted();
    const record = await this.get(handle);
    if (record?.state !== 'pending') return record;
    await turn();
    try {
      await once(this.answers, handle, { signal });
    } catch {
      throw signal.reason;
    }
    return this.get(handle);
  }
}

/** Hands out the very objects that it works on. */
class MutableStore extends MemoryStore {
  private readonly records = new Map<string, LoginRecord>();

  override async add(login: PendingLogin, ttl: number): Promise<void> {
    await super.add(login, ttl);
    await this.update(login.handle);
  }

  override async get(handle: string): Promise<LoginRecord | null> {
    return (await super.get(handle)) && (this.records.get(handle) ?? null);
  }

  override async answer(handle: string, answer: Answer): Promise<boolean> {
    const taken = await super.answer(handle, answer);
    if (taken) await this.update(handle);
    return taken;
  }

  override async waitForAnswer(handle: string, signal: AbortSignal): Promise<LoginRecord | null> {
    return (await super.waitForAnswer(handle, signal)) && (this.records.get(handle) ?? null);
  }

  override async consume(handle: string): Promise<LoginRecord | null> {
    if (!(await super.consume(handle))) return null;
    return this.update(handle);
  }

  override async release(handle: string): Promise<void> {
    await super.release(handle);
    await this.update(handle);
  }

  private async update(handle: string): Promise<LoginRecord> {
    const record = Object.assign(this.records.get(handle) ?? {}, {
      ...structuredClone(await super.get(handle)),
    }) as LoginRecord;
    this.records.set(handle, record);
    return record;
  }
}

/** The same store for the same name, as storage that two processes share. */
function shared(make: () => MemoryStore): OpenStore {
  const stores = new Map<string, MemoryStore>();
  return (storage) => {
    const store = stores.get(storage) ?? make();
    stores.set(storage, store);
    return store;
  };
}

const forEverybody = new MemoryStore();

/** Stores with one mistake each, and the cases of the contract that find it. */
export const brokenStores: { mistake: string; open: OpenStore; found: string[] }[] = [
  {
    mistake: 'consumes by get-then-set',
    open: shared(() => new GetThenSetStore()),
    found: [
      'lets one of many simultaneous calls consume an answered login',
      'lets a released login be consumed once more, with the same answer',
    ],
  },
  {
    mistake: 'forgets nothing',
    open: shared(() => new KeepingStore()),
    found: [
      'forgets a login after its ttl, in every state',
      'gives out as many pending slots as the limit to simultaneous calls',
      'frees a pending slot after its ttl, and no other slot',
      'forgets a LaunchKey session after its ttl',
    ],
  },
  {
    mistake: 'counts places and takes one then',
    open: shared(() => new CountThenTakeStore()),
    found: ['gives out as many pending slots as the limit to simultaneous calls'],
  },
  {
    mistake: 'loses a wake-up',
    open: shared(() => new DeafStore()),
    found: [
      'ends all waits for a login when it is answered',
      'does not miss an answer that comes while a wait begins',
      'rejects an aborted wait with the reason of its signal',
      'leaves no listener on the signal of a wait',
      'removes a login in every state, and ends its waits, if it has remove()',
    ],
  },
  {
    mistake: 'has one prefix for everybody',
    open: () => forEverybody,
    found: ['keeps storage of different names separate'],
  },
  {
    mistake: 'hands out records that change',
    open: shared(() => new MutableStore()),
    found: [
      'does not change records that it returned',
      'is not affected by changes of returned records',
    ],
  },
];
