import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ENDURANCE } from '../../../spec/support/endurance.js';
import { type Engine, startEngine } from '../../lib/index.js';
import { ApplicationLife, type LifeOptions } from './application-life.js';
import { SimulatedClock } from './simulated-clock.js';

const SECOND_MS = 1000;
const HOUR = 60;
/** Minutes of a life: two hours, or two days in an endurance run. */
const MINUTES = ENDURANCE ? 48 * HOUR : 2 * HOUR;
const ROTATION = MINUTES / 4;
/** A process that never fetches the ping key again is restarted within the day for which that key is valid. */
const RESTART_OF_PROCESSES = ROTATION + 20 * HOUR;
const RESTART_OF_ENGINE = (MINUTES * 3) / 4;
const LOGOUT_INTERVAL = 13;
/** Minutes after the end of a life in which a logout still may arrive. */
const MAX_EXTRA_MINUTES = 10;
/** Where Linux keeps files in memory: the engine is restarted, but the power is not cut. */
const MEMORY = '/dev/shm';

/** One engine that keeps its data in a file, and an application for each SDK. */
class World {
  readonly clock = new SimulatedClock();
  readonly lives = new Map<string, ApplicationLife>();
  engine!: Engine;
  url = '';
  private data = '';
  private readonly sdks: Record<string, LifeOptions>;

  constructor(sdks: Record<string, LifeOptions>) {
    this.sdks = sdks;
  }

  async begin(): Promise<void> {
    this.data = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'engine-data-'));
    await this.start(0);
    this.url = this.engine.url;
    for (const [name, options] of Object.entries(this.sdks)) {
      this.lives.set(name, await ApplicationLife.begin(this, options));
    }
  }

  async live(): Promise<void> {
    for (let minute = 0; minute < MINUTES; minute += 1) await this.minute(minute);
    // What could not be verified at first is sent again after a minute at the latest.
    for (let minute = MINUTES; minute < MINUTES + MAX_EXTRA_MINUTES && !this.settled; minute += 1) {
      await this.minute(minute);
    }
    await this.each(async (life) => await life.compare());
  }

  async end(): Promise<void> {
    for (const life of this.lives.values()) life.close();
    await this.engine.close();
    await rm(this.data, { recursive: true, force: true });
  }

  private async minute(minute: number): Promise<void> {
    await this.each(async (life) => await life.ask(minute));
    this.clock.advance(2 * SECOND_MS);
    await this.each(async (life) => await life.pollEarly());
    if (minute === RESTART_OF_ENGINE) await this.restart();
    this.clock.advance(3.5 * SECOND_MS);
    await this.each(async (life) => await life.answer());
    this.clock.advance(2 * SECOND_MS);
    await this.each(async (life) => await life.finish());
    this.clock.advance(10 * SECOND_MS);
    await this.each(async (life) => await life.endOld());
    if (minute === ROTATION) await this.engine.rotatePingKey();
    this.clock.advance(10 * SECOND_MS);
    if (minute === ROTATION || minute % LOGOUT_INTERVAL === 12) {
      await this.each(async (life) => await life.logOutOnPhone());
    }
    if (minute === RESTART_OF_PROCESSES) {
      for (const [name, life] of this.lives) if (this.sdks[name]?.keepsKey) life.restart();
    }
    this.clock.advance(32.5 * SECOND_MS);
  }

  /** Whether each logout has reached its application. */
  private get settled(): boolean {
    return [...this.lives.values()].every((life) => life.settled);
  }

  private async each(run: (life: ApplicationLife) => Promise<void>): Promise<void> {
    await Promise.all([...this.lives.values()].map(run));
  }

  private async restart(): Promise<void> {
    await this.engine.close();
    await this.start(Number(new URL(this.url).port));
  }

  private async start(port: number): Promise<void> {
    const data = join(this.data, 'engine.db');
    this.engine = await startEngine({ port, data, clock: this.clock.now, virtualDevices: true });
  }
}

/** Lets each of the SDKs live with one engine, and says what it has lived through. */
export function describeLives(sdks: Record<string, LifeOptions>): void {
  const world = new World(sdks);

  beforeAll(async () => {
    await world.begin();
    await world.live();
  }, 1_800_000);
  afterAll(async () => await world.end());

  const title = `%s lives for ${MINUTES / HOUR} hours, takes no login for another and is never refused`;
  it.each(Object.keys(sdks))(title, (name) => {
    const life = world.lives.get(name) as ApplicationLife;
    const { logins, denials, expiries, logouts, endings } = life.tally;
    const { calls, refused, wrong, unverified } = life;
    process.stdout.write(
      `${name.padEnd(12)} ${MINUTES / HOUR} hours, ${calls} calls: ${logins} logins, ${denials} denials, ` +
        `${expiries} expired, ${logouts} logouts on the phone (${unverified} verified at a second attempt), ` +
        `${endings} ended by the application; ${wrong.length} wrong, ${refused.length} refused\n`,
    );
    // Of thousands that are alike, the first few say it all.
    expect([...wrong.slice(0, 3), ...refused.slice(0, 3)]).toEqual([]);
    expect(logins + denials + expiries).toBeGreaterThan(MINUTES - 6);
    for (const count of [denials, expiries, logouts]) expect(count).toBeGreaterThan(0);
    // After the rotation, where a process asks for the new key before the engine knows that it does.
    expect(unverified).toBeLessThanOrEqual(1);
  });
}
