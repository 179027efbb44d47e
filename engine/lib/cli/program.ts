import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { LaunchKeyEngineError } from '../errors.js';
import { appCreate, appDelete, appDisable, appEnable, appList, appRotate } from './apps.js';
import { audit } from './audit.js';
import { CliError } from './cli-error.js';
import { deviceList, devicePair, deviceUnpair } from './devices.js';
import { doctor } from './doctor.js';
import { keyRotate } from './keys.js';
import { receipt } from './receipt.js';
import { collect, settingFlags, settingsHelp } from './settings.js';
import { defaultSocket } from './socket-path.js';
import { status } from './status.js';
import {
  userCreate,
  userDelete,
  userDeorbit,
  userExport,
  userList,
  userResume,
  userSuspend,
} from './users.js';

// The path is the same from `lib` and from `dist`.
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Runs one command line and returns its exit code: 0, 1 for a failure, 2 for an invalid command. */
export async function run(words: string[]): Promise<number> {
  let unwritten = false;
  // For example a full disk, or a pipe whose reader has ended. A running engine continues.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    unwritten = true;
    process.exitCode = 1;
    process.stderr.write(`launchkey-engine: Cannot write to standard output: ${code}.\n`);
  });
  try {
    await program().parseAsync(words, { from: 'user' });
    return unwritten ? 1 : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const isExpected = error instanceof CliError || error instanceof LaunchKeyEngineError;
    process.stderr.write(`launchkey-engine: ${isExpected ? error.message : describe(error)}\n`);
    return error instanceof CliError ? error.exitCode : 1;
  }
}

export function program(): Command {
  const cli = new Command('launchkey-engine')
    .description('The LaunchKey v1 API, self-hosted.')
    .version(version)
    .exitOverride();
  addStart(cli);
  addAppCommands(cli.command('app').description('manage the applications of a running engine'));
  addUserCommands(cli.command('user').description('manage the users of a running engine'));
  addDeviceCommands(cli.command('device').description("manage the users' phones"));
  withConnection(cli.command('audit'))
    .description('print the audit trail, newest entry first; oldest first with ndjson or --follow')
    .option('--user <name>', 'only entries of this user, or of deleted users of this name')
    .option(
      '--since <time>',
      'only entries from this time on, such as 2026-01-31 or 2026-01-31T12:00:00Z',
    )
    .option('--until <time>', 'only entries before this time')
    .option('--after <cursor>', 'only entries after the one with this cursor, oldest first')
    .option('--limit <number>', 'maximum number of entries (100; ndjson and --follow: all)')
    .addOption(
      new Option('--format <format>', 'text, json or ndjson').choices(['text', 'json', 'ndjson']),
    )
    .option('--follow', 'print new entries as they are written, until stopped')
    .action(audit);
  withConnection(cli.command('receipt <auth-request>'))
    .description('print what a phone signed when it answered')
    .action(receipt);
  withConnection(cli.command('doctor'))
    .description('check data, public URL, proxies, files, clocks and events, and say what to do')
    .action(doctor);
  withConnection(cli.command('status'))
    .description('print versions, engines on the data, what waits, and the latest faults')
    .action(status);
  const key = cli.command('key').description('manage the ping key, which encrypts envelopes');
  withConnection(key.command('rotate'))
    .description('make a new ping key; the key before keeps decrypting for a day')
    .action(keyRotate);
  return cli;
}

function addStart(cli: Command): void {
  const starting = cli
    .command('start')
    .description('start an engine and serve until it is stopped')
    .option('--config <file>', 'JSON file with settings, see below')
    .addOption(
      new Option(
        '--app <name[=callback-url]>',
        'create this application if it does not exist (can be repeated)',
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option('--user <name>', 'create this user if it does not exist (can be repeated)')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--socket <path>', 'socket for the other commands', defaultSocket())
    .option('--json', 'print what was created as JSON')
    .addHelpText('after', settingsHelp())
    // Loaded when used: the other commands need no server and start faster without it.
    .action(async (options) => await (await import('./start.js')).start(options));
  for (const flag of settingFlags()) starting.addOption(flag);
}

function addAppCommands(app: Command): void {
  withConnection(app.command('create <name>'))
    .description('create an application and print its credentials, which are shown only once')
    .option('--callback-url <url>', 'URL that events are sent to')
    .option('--organization <name>', 'organization of the application')
    .option(
      '--strict-stamps',
      'refuse stamps more than two minutes ahead: not for the SDKs for Python, Ruby and C',
    )
    .option('--private-key <file>', 'write the private key to this new file, mode 0600')
    .action(appCreate);
  withConnection(app.command('list')).description('list the applications').action(appList);
  withConnection(app.command('disable <app-key>'))
    .description('refuse all further calls of an application')
    .action(appDisable);
  withConnection(app.command('enable <app-key>'))
    .description('accept the calls of a disabled application again')
    .action(appEnable);
  withConnection(app.command('rotate <app-key>'))
    .description('make new credentials and print them, which are shown only once')
    .addOption(
      new Option('--only <which>', 'make only this one').choices(['secret-key', 'private-key']),
    )
    .option('--grace <minutes>', 'how long the credentials before stay valid', '0')
    .option('--private-key <file>', 'write the private key to this new file, mode 0600')
    .action(appRotate);
  withConnection(app.command('delete <app-key>'))
    .description('delete an application, its sessions and its white label users')
    .option('--yes', 'confirm the deletion, which cannot be undone')
    .action(appDelete);
}

function addUserCommands(user: Command): void {
  withConnection(user.command('create <name>'))
    .description('create a user, who has a virtual device where virtual devices are on')
    .option('--no-device', 'create no virtual device: the user must pair a phone first')
    .action(userCreate);
  withConnection(user.command('list')).description('list the users').action(userList);
  withConnection(user.command('export <name>'))
    .description('print all that is kept about a user, the audit trail included, as JSON')
    .action(userExport);
  withConnection(user.command('delete <name>'))
    .description('delete a user with all devices and sessions')
    .option('--yes', 'confirm the deletion, which cannot be undone')
    .action(userDelete);
  withConnection(user.command('deorbit <name>'))
    .description('end the sessions of a user and tell the applications')
    .option('--app <app-key>', 'only sessions with this application')
    .action(userDeorbit);
  withConnection(user.command('suspend <name>'))
    .description('end the sessions of a user and refuse further logins')
    .action(userSuspend);
  withConnection(user.command('resume <name>'))
    .description('end a suspension, and the pause that followed a report of fraud')
    .action(userResume);
}

function addDeviceCommands(device: Command): void {
  withConnection(device.command('pair <user>'))
    .description('print a QR code, a link and a code that pair a phone once, within ten minutes')
    .action(devicePair);
  withConnection(device.command('list <user>'))
    .description('list the phones of a user')
    .action(deviceList);
  withConnection(device.command('unpair <user> <device>'))
    .description('unpair a phone, for example a lost one')
    .action(deviceUnpair);
}

function withConnection(command: Command): Command {
  return command
    .option('--socket <path>', 'socket of the running engine', defaultSocket())
    .option('--json', 'print JSON');
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
