import { expect, it, onTestFinished } from 'vitest';
import { describeWithChromium, launchChromium } from '../../../spec/support/chromium.js';
import { start } from '../support/engine.js';
import { PushService, readVapid, Subscriber } from '../support/push-service.js';

const PATIENT = { timeout: 20_000 };

/** In the place of the push service that is Chromium's own, which is not on this machine. */
const OWN_PUSH_SERVICE = `
  const unsubscribe = async () => (await unsubscribed(), true);
  const offer = (given) => given && { toJSON: () => given, unsubscribe };
  PushManager.prototype.getSubscription = async () => offer(await subscription());
  PushManager.prototype.subscribe = async (options) => offer(await subscription(options));
`;
const NOTIFICATIONS = `navigator.serviceWorker.ready
  .then((registration) => registration.getNotifications())
  .then((shown) => shown.map(({ body }) => body))`;

describeWithChromium('the phone that is woken', () => {
  it('subscribes, shows that there is a request, keeps the subscription up to date, and ends it', async () => {
    const service = await PushService.start();
    const { engine, application } = await start({ push: service.options });
    const browser = await launchChromium();
    onTestFinished(async () => await browser.close());
    const context = await browser.newContext({ permissions: ['notifications'] });
    const page = await context.newPage();
    let subscriber: Subscriber | undefined;
    let options: unknown;
    await page.exposeFunction('subscription', (asked?: unknown) => {
      if (asked) {
        options = asked;
        subscriber = new Subscriber(service.origin);
      }
      return subscriber?.subscription ?? null;
    });
    let unsubscribed = 0;
    await page.exposeFunction('unsubscribed', () => {
      subscriber = undefined;
      unsubscribed += 1;
    });
    await page.addInitScript(OWN_PUSH_SERVICE);
    await page.goto((await engine.pairDevice('alice')).url);
    await page.getByRole('button', { name: 'Pair', exact: true }).click();
    await page.getByRole('button', { name: 'Turn on' }).click();
    await page.getByRole('button', { name: 'Turn off' }).waitFor();
    expect(await engine.devices('alice')).toMatchObject([{ push: true }]);

    await application.authorize('alice');
    const [message] = await service.count(1);
    if (!message || !subscriber) throw new Error('There is no message.');
    const { key } = readVapid(message.headers.authorization);
    expect(options).toEqual({ userVisibleOnly: true, applicationServerKey: key });

    const devtools = await context.newCDPSession(page);
    const registered = new Promise<string>((resolve) =>
      devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        for (const { registrationId } of registrations) resolve(registrationId);
      }),
    );
    await devtools.send('ServiceWorker.enable');
    await devtools.send('ServiceWorker.deliverPushMessage', {
      origin: engine.url,
      registrationId: await registered,
      data: subscriber.decrypt(message.body),
    });
    await expect
      .poll(() => page.evaluate(NOTIFICATIONS), PATIENT)
      .toEqual([expect.stringMatching(/\w/)]);
    await page.getByRole('button', { name: 'Deny', exact: true, disabled: false }).click();
    await expect.poll(() => page.evaluate(NOTIFICATIONS), PATIENT).toEqual([]);

    // The browser has replaced the subscription by itself, and the page tells the engine.
    subscriber = new Subscriber(service.origin);
    await page.reload();
    const subscribed = async () =>
      (await engine.audit({ username: 'alice' })).filter(({ kind }) => kind === 'push.subscribed');
    await expect.poll(subscribed, PATIENT).toHaveLength(2);
    await application.authorize('alice');
    expect((await service.count(2))[1]?.path).toBe(subscriber.path);

    await page.getByRole('button', { name: 'Turn off' }).click();
    await page.getByRole('button', { name: 'Turn on' }).waitFor();
    expect(unsubscribed).toBe(1);
    expect(await engine.devices('alice')).toMatchObject([{ push: false }]);
    await page.reload();
    await page.getByText('Off. Requests appear while this page is open.').waitFor();
    expect(await engine.audit({ username: 'alice', limit: 1 })).toMatchObject([
      { kind: 'push.unsubscribed' },
    ]);
  });
});
