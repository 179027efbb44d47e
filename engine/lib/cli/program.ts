import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { LaunchKeyEngineError } from '../errors.js';
import { appCreate, appDelete, appList, appRotate } from './apps.js';
import { deviceList, devicePair, deviceUnpair } from './devices.js';
import { CliFault } from './fault.js';
import { appDisable, appEnable, audit, keyRotate, userResume } from './operations.js';
import { collect, settingFlags, settingsHelp } from './settings.js';
import { defaultSocket } from './socket-path.js';
import { userCreate, userDelete, userDeorbit, userList } from './users.js';

// As far from here in `dist` as in `lib`.
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** Runs one command line and returns the exit code: 0, 1 for a failure, 2 for a wrong command. */
export async function run(words: string[]): Promise<number> {
  let unwritten = false;
  // A disk that is full, or a reader that has left. An engine that runs goes on.
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    unwritten = true;
    process.exitCode = 1;
    process.stderr.write(
      `launchkey-engine: What was to be printed could not be written: ${code}.\n`,
    );
  });
  try {
    await program().parseAsync(words, { from: 'user' });
    return unwritten ? 1 : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const known = error instanceof CliFault || error instanceof LaunchKeyEngineError;
    process.stderr.write(`launchkey-engine: ${known ? error.message : describe(error)}\n`);
    return error instanceof CliFault ? error.exitCode : 1;
  }
}

export function program(): Command {
  const cli = new Command('launchkey-engine')
    .description('The LaunchKey v1 API, self-hosted.')
    .version(version)
    .exitOverride();

  const starting = cli
    .command('start')
    .description('start an engine and serve until it is stopped')
    .option('--config <file>', 'JSON file with settings, see below')
    .addOption(
      new Option(
        '--app <name[=callback-url]>',
        'create an application, unless there is one of this name (repeat it)',
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(
      new Option(
        '--user <name>',
        'create a user with a virtual device, unless there is one (repeat it)',
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--socket <path>', 'where the other commands reach this engine', defaultSocket())
    .option('--json', 'print what was created as JSON')
    .addHelpText('after', settingsHelp())
    // Loaded only here: the other commands need no server, and should be quick.
    .action(async (options) => await (await import('./start.js')).start(options));
  for (const flag of settingFlags()) starting.addOption(flag);

  const app = cli.command('app').description('applications of a running engine');
  withConnection(app.command('create <name>'))
    .description('create an application and print its credentials, this once')
    .option('--callback-url <url>', 'where events are sent')
    .option('--organization <name>', 'organization that the application is under')
    .option(
      '--strict-stamps',
      'refuse stamps more than two minutes ahead: not for the Python and Ruby SDKs',
    )
    .option('--private-key <file>', 'write the private key to this new file, mode 0600')
    .action(appCreate);
  withConnection(app.command('list')).description('list the applications').action(appList);
  withConnection(app.command('disable <app-key>'))
    .description('refuse all further calls of an application')
    .action(appDisable);
  withConnection(app.command('enable <app-key>'))
    .description('take its calls again')
    .action(appEnable);

  withConnection(app.command('rotate <app-key>'))
    .description('make new credentials and print them, this once; those before end at once')
    .addOption(
      new Option('--only <which>', 'leave the other one as it is').choices([
        'secret-key',
        'private-key',
      ]),
    )
    .option('--grace <minutes>', 'how long those before go on being taken', '0')
    .option('--private-key <file>', 'write the private key to this new file, mode 0600')
    .action(appRotate);
  withConnection(app.command('delete <app-key>'))
    .description('delete an application, its sessions and its white label users')
    .option('--yes', 'do it: there is no way back')
    .action(appDelete);

  const user = cli.command('user').description('users of a running engine');
  withConnection(user.command('create <name>'))
    .description('create a user, with a virtual device until a phone is paired')
    .option('--no-device', 'without one: the user has to pair a phone first')
    .action(userCreate);
  withConnection(user.command('list')).description('list the users').action(userList);
  withConnection(user.command('delete <name>'))
    .description('delete a user with all devices and sessions')
    .option('--yes', 'do it: there is no way back')
    .action(userDelete);
  withConnection(user.command('deorbit <name>'))
    .description('end the sessions of a user, and tell the applications')
    .option('--app <app-key>', 'only those with one application')
    .action(userDeorbit);
  withConnection(user.command('resume <name>'))
    .description('end the pause that followed a report of fraud')
    .action(userResume);

  const device = cli.command('device').description('phones of the users of a running engine');
  withConnection(device.command('pair <user>'))
    .description('print a QR code, a link and a code that pair a phone, once, for ten minutes')
    .action(devicePair);
  withConnection(device.command('list <user>'))
    .description('list the phones of a user')
    .action(deviceList);
  withConnection(device.command('unpair <user> <device>'))
    .description('unpair a phone, as one that was lost')
    .action(deviceUnpair);

  withConnection(cli.command('audit'))
    .description('print what was done, the newest first')
    .option('--user <name>', 'of one user')
    .option('--limit <number>', 'how many entries', '100')
    .action(audit);
  withConnection(
    cli.command('key').description('the key by which envelopes are encrypted').command('rotate'),
  )
    .description('make a new one; the one before goes on decrypting for a day')
    .action(keyRotate);
  return cli;
}

function withConnection(command: Command): Command {
  return command
    .option('--socket <path>', 'the socket of the running engine', defaultSocket())
    .option('--json', 'print JSON');
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
