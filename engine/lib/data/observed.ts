import type { Data, Ports } from './data.js';
import { SeparateCalls } from './separate-calls.js';
import { CALL_STEPS, STEPS, type StepKind } from './steps.js';

/** Is told of each step of the data: how long it took, and how it failed. */
export type StepObserver = (kind: StepKind, milliseconds: number, error?: unknown) => void;

/** The same data, whose steps are observed. */
export function observeSteps(data: Data, observe: StepObserver): Data {
  const entries = Object.entries(STEPS).map(([name, kinds]) => [
    name,
    observedPort(data[name as keyof Ports], kinds, observe),
  ]);
  const ports = Object.fromEntries(entries) as Ports;
  const { calls } = data;
  return {
    ...ports,
    announcements: data.announcements,
    calls:
      calls instanceof SeparateCalls
        ? new SeparateCalls(ports)
        : observedPort(calls, CALL_STEPS, observe),
    sweep: (now, retention) => data.sweep(now, retention),
    check: () => data.check(),
    close: () => data.close(),
  };
}

function observedPort<Port extends object>(
  port: Port,
  kinds: Record<string, StepKind>,
  observe: StepObserver,
): Port {
  const methods = Object.entries(kinds).map(([name, kind]) => {
    const method = port[name as keyof Port] as Method;
    return [name, observed(method.bind(port), kind, observe)];
  });
  return Object.fromEntries(methods) as Port;
}

type Method = (...values: unknown[]) => Promise<unknown>;

function observed(method: Method, kind: StepKind, observe: StepObserver): Method {
  return async (...values) => {
    const begun = performance.now();
    try {
      const result = await method(...values);
      observe(kind, performance.now() - begun);
      return result;
    } catch (error) {
      observe(kind, performance.now() - begun, error);
      throw error;
    }
  };
}
