/* The browsers of users who log in through Express, in a process of their own. */
import { Agent, request } from 'node:http';
import { serve } from './child.js';
import { moment } from './usage.js';

const agent = new Agent({ keepAlive: true });

function logIn(url: string, username: string): Promise<void> {
  const body = new URLSearchParams({ username }).toString();
  const headers = {
    'Content-Type': 'application/x-www-form-urlencoded',
    'Content-Length': body.length,
  };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/login`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () =>
        response.statusCode === 200
          ? resolve()
          : reject(new Error(`The login was answered with ${response.statusCode}`)),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

const methods = {
  /** Logs in `logins` times, `inFlight` at once, and says how many milliseconds it took. */
  run: async ({ url, logins, inFlight }: { url: string; logins: number; inFlight: number }) => {
    let begun = 0;
    const lane = async () => {
      while (begun < logins) await logIn(url, `user${begun++}`);
    };
    const began = moment();
    await Promise.all(Array.from({ length: inFlight }, lane));
    return moment() - began;
  },
};
export type BrowsersMethods = typeof methods;

serve(methods);
