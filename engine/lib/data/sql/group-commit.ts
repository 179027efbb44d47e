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
 *
 * Rejects if the disk fails after the commit. The file cannot be used any more then: an operating
 * system that could not write a page may say later that it has.
 */
export async function runGroup(
  connection: LibsqlConnection,
  steps: readonly Step[],
): Promise<Outcome[]> {
  const kind = steps[0]?.kind;
  // A single step commits by itself.
  const alone = kind === 'read' || steps.length === 1;
  const outcomes = alone ? await runEach(steps) : await commitTogether(connection, steps);
  if (kind === 'durable') connection.sync();
  return outcomes;
}

async function commitTogether(
  connection: LibsqlConnection,
  steps: readonly Step[],
): Promise<Outcome[]> {
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
