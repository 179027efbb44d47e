import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';

/** Collects the messages of a diagnostics channel until the test is finished. */
export function collectMessages(channel: string): { messages: unknown[]; first: Promise<unknown> } {
  const messages: unknown[] = [];
  let resolveFirst: (message: unknown) => void = () => {};
  const first = new Promise((resolve) => {
    resolveFirst = resolve;
  });
  const listener = (message: unknown) => {
    messages.push(message);
    resolveFirst(message);
  };
  subscribe(channel, listener);
  onTestFinished(() => void unsubscribe(channel, listener));
  return { messages, first };
}
