import express from 'express';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { serve } from '../support/app.js';
import { describeWithChromium, launchChromium } from '../support/chromium.js';
import { serveWaiting } from '../support/waiting-app.js';
import { nextRequest, recordingStrategy, startWorld } from '../support/world.js';

describeWithChromium('a form on another site', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  it.each(['hold', 'redirect', 'accept'] as const)(
    "starts no login with pending: '%s', and its visitor logs in at the site itself",
    async (pending) => {
      const world = await startWorld({ users: ['alice', 'mallory'] });
      const { strategy, verified } = recordingStrategy(world, { pending, waitUrl: '/login/wait' });
      const { url } = await serveWaiting(strategy);
      const other = express();
      other.get('/', (_req, res) => {
        res.send(
          `<form method="post" action="${url}/login"><input name="username" value="mallory"><button>Win</button></form>`,
        );
      });
      const otherUrl = (await serve(other)).replace('127.0.0.1', 'localhost');
      const context = await browser.newContext();
      onTestFinished(() => context.close());
      const page = await context.newPage();
      await page.goto(otherUrl);
      await page.getByRole('button', { name: 'Win' }).click();
      await page.waitForURL(`${url}/**`);
      expect(await world.engine.requests('mallory')).toEqual([]);
      expect(verified).toEqual([]);
      await page.goto(`${url}/login`);
      await page.getByLabel('User name').fill('alice');
      await page.getByRole('button', { name: 'Log in' }).click({ noWaitAfter: true });
      await world.engine.answer(await nextRequest(world.engine), true);
      if (pending !== 'accept') await page.waitForURL(`${url}/`);
      if (pending !== 'accept') expect(verified).toHaveLength(1);
    },
  );
});
