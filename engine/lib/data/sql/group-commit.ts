import type { StepKind } from '../steps.js';
import type { LibsqlConnection } from './libsql-dialect.js';

export interface Step {
  kind: StepKind;
  run(): Promise<unknown>;
}

export type Outcome = { value: unknown } | { error: unknown };

/** Steps of other kinds do not wait for the disk with the durable ones, which are therefore last. */
const KINDS: readonly StepKind[] = ['read', 'relaxed', 'durable'];

/** Divides steps into the groups that run together, in the order in which the groups run. */
export function groupSteps<S extends { kind: StepKind }>(steps: readonly S[]): S[][] {
  return KINDS.map((kind) => steps.filter((step) => step.kind === kind)).filter(
    (group) => group.length > 0,
  );
}

/**
 * Runs a group of steps. Steps that write share one commit, which waits for the disk once if they are
 * durable. A step that fails is undone alone. If the commit fails, all steps of the group fail.
 */
export async function runGroup(
  connection: LibsqlConnection,
  steps: readonly Step[],
): Promise<Outcome[]> {
  const kind = steps[0]?.kind;
  if (kind !== 'read') connection.setSynchronous(kind === 'durable' ? 'FULL' : 'NORMAL');
  // A single step commits by itself.
  if (kind === 'read' || steps.length === 1) return await runEach(steps);
  let begun = false;
  try {
    connection.begin();
    begun = true;
    const outcomes = await runEach(steps, (error) => {
      // SQLite undoes the whole transaction after some errors, such as a full disk.
      if (!connection.inTransaction) throw error;
    });
    connection.commit();
    return outcomes;
  } catch (error) {
    if (begun) connection.rollback();
    return steps.map(() => ({ error }));
  }
}

async function runEach(
  steps: readonly Step[],
  onError: (error: unknown) => void = () => {},
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const step of steps) {
    try {
      outcomes.push({ value: await step.run() });
    } catch (error) {
      onError(error);
      outcomes.push({ error });
    }
  }
  return outcomes;
}
