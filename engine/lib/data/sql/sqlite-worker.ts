/* The thread that owns an SQLite file: it runs whole steps, and commits those together that wait. */
import {
  type MessagePort,
  parentPort,
  receiveMessageOnPort,
  workerData,
} from 'node:worker_threads';
import type { Retention } from '../retention.js';
import { STEPS, type StepKind } from '../steps.js';
import { toPlainError } from '../thread-errors.js';
import { groupSteps, type Outcome, runGroup, type Step } from './group-commit.js';
import { openSqliteFile, type SqliteFile } from './sqlite-file.js';
import type { Done, Reply, Request, WorkerData } from './sqlite-messages.js';
import { Vault } from './vault.js';

type Method = (...values: unknown[]) => Promise<unknown>;

interface WaitingStep extends Step {
  id: number;
}

const port = parentPort as MessagePort;
const send = (reply: Reply) => port.postMessage(reply);

try {
  const { file, key } = workerData as WorkerData;
  serve(await openSqliteFile(file, new Vault(key)));
  send('ready');
} catch (error) {
  send({ failed: toPlainError(error) });
}

function serve(file: SqliteFile): void {
  const methods = methodsOf(file);
  let waiting: WaitingStep[] = [];
  let closing = false;

  port.on('message', (request: Request) => {
    receive(request);
    void runWaiting();
  });

  function receive(request: Request): void {
    if (request === 'close') {
      closing = true;
      return;
    }
    for (const { id, name, values } of request) {
      const { kind, method } = methods.get(name) as { kind: StepKind; method: Method };
      waiting.push({ id, kind, run: () => method(...values) });
    }
  }

  /** Messages that arrive meanwhile are received in the loop, and so share the next commit. */
  async function runWaiting(): Promise<void> {
    do {
      const steps = waiting;
      waiting = [];
      for (const group of groupSteps(steps)) {
        const outcomes = await runGroup(file.connection, group);
        send({ done: group.map(({ id }, i) => done(id, outcomes[i] as Outcome)) });
      }
      for (let next = nextRequest(); next !== undefined; next = nextRequest()) receive(next);
    } while (waiting.length > 0);
    if (!closing) return;
    await file.close();
    port.close();
  }
}

function nextRequest(): Request | undefined {
  return receiveMessageOnPort(port)?.message;
}

function done(id: number, outcome: Outcome): Done {
  return 'error' in outcome
    ? { id, error: toPlainError(outcome.error) }
    : { id, value: outcome.value };
}

/** The methods of all ports by their names, `requests.insert`. */
function methodsOf({
  ports,
  connection,
  check,
}: SqliteFile): Map<string, { kind: StepKind; method: Method }> {
  const methods = new Map<string, { kind: StepKind; method: Method }>();
  for (const [name, kinds] of Object.entries(STEPS)) {
    const target = ports[name as keyof typeof STEPS] as unknown as Record<string, Method>;
    for (const [methodName, kind] of Object.entries(kinds)) {
      const method = (target[methodName] as Method).bind(target);
      methods.set(`${name}.${methodName}`, { kind, method });
    }
  }
  methods.set('sweep', {
    kind: 'relaxed',
    method: (now, retention) => ports.sweep(now as number, retention as Retention),
  });
  // Like a read, it runs in no transaction.
  methods.set('tidy', { kind: 'read', method: async () => connection.tidy() });
  methods.set('check', { kind: 'read', method: check });
  return methods;
}
