import { CliError } from './cli-error.js';
import { command } from './control-client.js';
import { type Connection, print, time } from './output.js';

/** Prints the state of the engine. Exits with 1 if it cannot serve. */
export async function status({ socket, json }: Connection): Promise<void> {
  const state = await command(socket, 'status');
  const { version, nodeVersion, data, ready, reason, nodes, backlog, faults } = state;
  const oldest = backlog?.oldestEventAt && `, the oldest since ${time(backlog.oldestEventAt)}`;
  print(json, state, [
    `engine       ${version} on Node.js ${nodeVersion}`,
    `data         ${data}`,
    `ready        ${ready ? 'yes' : `no: ${reason}`}`,
    ...(backlog
      ? [
          `events       ${backlog.events} waiting${oldest ?? ''}`,
          `requests     ${backlog.pendingRequests} open`,
        ]
      : []),
    `held         ${state.heldPolls} polls, ${state.heldDevices} devices`,
    ...nodes.map(({ host, pid, url, version, alive, seenAt, self }) =>
      [
        `node         ${host} ${pid} ${url} ${version}`,
        self ? '(this one)' : alive ? '' : `(last seen ${time(seenAt)})`,
      ]
        .join(' ')
        .trimEnd(),
    ),
    ...faults.map(({ at, message, code }) => `fault        ${time(at)} ${message} (${code})`),
  ]);
  if (!ready) throw new CliError(`The engine is not ready: ${reason}.`);
}
