import type { Logger } from './logger.js';

/** How many faults are remembered for `status`. */
const MAX_RECENT = 20;
/** How long a thing must not have failed before it counts as working again, in ms. */
const SETTLE_MS = 5000;
/** Codes for errors of the PostgreSQL driver that have none. */
const CODES: readonly [RegExp, string][] = [
  [/timeout/i, 'DATA_TIMEOUT'],
  [/^(Connection terminated|Client has encountered a connection error)/, '08006'],
];

/** A fault that was logged. */
export interface Fault {
  at: number;
  message: string;
  code?: string;
}

/** One thing that can fail again and again. */
export interface Watched {
  failed(error: unknown, details?: object): void;
  worked(): void;
}

/** How a thing is watched. */
export interface WatchOptions {
  level?: 'warn' | 'error';
  /** How long it must not have failed before it counts as working again, in ms of real time. */
  settleMs?: number;
  /**
   * Says whether an error of this code is one that every call meets. Other errors are logged each time.
   * Default: every error is.
   */
  isOutage?: (code: string) => boolean;
}

interface Failing {
  code: string;
  failures: number;
  since: number;
  /** The time of the last failure, real time. */
  last: number;
}

/**
 * Logs changes of state: what fails is logged when it begins to fail or fails otherwise than before, and
 * when it works again. An outage is a few lines, however often the engine tries meanwhile.
 */
export class Faults {
  private readonly logger: Logger;
  private readonly clock: () => number;
  private readonly remembered: Fault[] = [];

  constructor(logger: Logger, clock: () => number) {
    this.logger = logger;
    this.clock = clock;
  }

  /** The latest faults, newest first. */
  get recent(): readonly Fault[] {
    return this.remembered;
  }

  /** `broken` is the log line when it fails, `again` the one when it works again. */
  watch(broken: string, again: string, options: WatchOptions = {}): Watched {
    const { level = 'error', settleMs = SETTLE_MS, isOutage = () => true } = options;
    let failing: Failing | undefined;
    return {
      failed: (error, details) => {
        const code = codeOf(error) ?? describeText(error);
        const now = performance.now();
        const known = failing !== undefined && isSameFault(failing.code, code) && isOutage(code);
        failing = {
          since: this.clock(),
          ...failing,
          code,
          last: now,
          failures: 1 + (failing?.failures ?? 0),
        };
        if (known) return;
        this.remember(broken, code);
        this.logger[level]({ ...details, ...describe(error) }, broken);
      },
      worked: () => {
        if (!failing || performance.now() - failing.last < settleMs) return;
        const { failures, since } = failing;
        failing = undefined;
        this.logger.info({ failures, forMs: this.clock() - since }, again);
      },
    };
  }

  private remember(message: string, code: string): void {
    this.remembered.unshift({ at: this.clock(), message, code });
    this.remembered.splice(MAX_RECENT);
  }
}

/** A connection that is lost and cannot be made again fails in several ways, one after the other. */
const CONNECTION = /^(57P|08|E[A-Z_]+$)/;

function isSameFault(before: string, now: string): boolean {
  return before === now || (CONNECTION.test(before) && CONNECTION.test(now));
}

/** The error's code, that of its cause, or that of the first of several errors. */
export function codeOf(error: unknown): string | undefined {
  const { code, errors, cause } = (error ?? {}) as {
    code?: unknown;
    errors?: unknown;
    cause?: unknown;
  };
  if (typeof code === 'string') return code;
  const inner = Array.isArray(errors) ? errors[0] : cause;
  if (inner !== undefined) return codeOf(inner);
  return CODES.find(([pattern]) => pattern.test(describeText(error)))?.[1];
}

function describeText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error with a code is a known one: its stack would tell no more than the code. */
function describe(error: unknown): object {
  const code = codeOf(error);
  if (code === undefined) return { err: error };
  return { code, reason: describeText(error) };
}
