import type { Data, Ports } from './data.js';
import { STEPS, type StepKind } from './steps.js';

/** Is told of each step of the data: how long it took, and how it failed. */
export type StepObserver = (kind: StepKind, milliseconds: number, error?: unknown) => void;

/** The same data, whose steps are observed. */
export function observeSteps(data: Data, observe: StepObserver): Data {
  const ports = Object.entries(STEPS).map(([name, kinds]) => {
    const port = data[name as keyof Ports] as unknown as Record<string, Method>;
    const methods = Object.entries(kinds).map(([method, kind]) => [
      method,
      observed((port[method] as Method).bind(port), kind, observe),
    ]);
    return [name, Object.fromEntries(methods)];
  });
  return {
    ...(Object.fromEntries(ports) as Ports),
    announcements: data.announcements,
    sweep: (now) => data.sweep(now),
    check: () => data.check(),
    close: () => data.close(),
  };
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
