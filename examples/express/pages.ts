import type { WaysToLogIn } from './accounts.js';

/** What a form is shown again with. */
interface Again {
  /** What went wrong before. */
  message?: string | undefined;
  /** The address that was typed in. */
  email?: string | undefined;
}

/** The page for users who are logged in. */
export function homePage(name: string): string {
  return page(
    'Logged in',
    `<h1>Hello, ${escapeHtml(name)}</h1>
     <p>You are logged in. If you did it with your phone, you can also end this session there.</p>
     <p><a class="button second" href="/account">Ways to log in</a></p>
     <form method="post" action="/logout"><button>Log out</button></form>`,
  );
}

export function loginPage(options: Again & { authenticatorUrl: string | undefined }): string {
  const hint = options.authenticatorUrl
    ? `<p class="quiet">Your phone in this demo is
       <a href="${escapeHtml(options.authenticatorUrl)}" target="_blank" rel="noopener">the authenticator</a>:
       open it beside this page and approve the request there.</p>`
    : '';
  return page(
    'Log in',
    `<h1>Log in</h1>${alert(options)}
     <form method="post" action="/login">
       ${userNameField()}
       <button>Log in with my phone</button>
     </form>${hint}
     <p class="other"><a href="/login/password">Log in with a password</a></p>`,
  );
}

export function passwordPage(again: Again = {}): string {
  return page(
    'Log in with a password',
    `<h1>Log in with a password</h1>${alert(again)}
     <form method="post" action="/login/password">
       ${credentialFields(again, 'current-password')}
       <button>Log in</button>
     </form>
     <p class="other"><a href="/login">Log in with my phone</a><a href="/signup">Create an account</a></p>`,
  );
}

export function signUpPage(again: Again = {}): string {
  return page(
    'Create an account',
    `<h1>Create an account</h1>${alert(again)}
     <p class="quiet">Your first login with a phone makes an account by itself. This one begins with a
       password, and you can link a phone to it.</p>
     <form method="post" action="/signup">
       ${credentialFields(again, 'new-password')}
       <button>Create the account</button>
     </form>
     <p class="other"><a href="/login">Log in with my phone</a></p>`,
  );
}

export function accountPage(ways: WaysToLogIn, again: Again = {}): string {
  return page(
    'Ways to log in',
    `<h1>Ways to log in</h1>${alert(again)}
     <section>
       <h2>Phone</h2>
       ${phoneSection(ways)}
     </section>
     <section>
       <h2>Password</h2>
       ${passwordSection(ways, again)}
     </section>
     <p class="other"><a href="/">Back</a></p>`,
  );
}

function phoneSection({ phone, email }: WaysToLogIn): string {
  if (!phone) {
    return `<p>No phone is linked.</p>
      <p><a class="button" href="/account/phone">Link a phone</a></p>`;
  }
  const day = phone.linkedAt.toISOString().slice(0, 10);
  return `<p>The phone of <strong>${escapeHtml(phone.name)}</strong>, linked on
      <time datetime="${day}">${formatDay(phone.linkedAt)}</time>.</p>
    ${
      email
        ? '<form method="post" action="/account/phone/unlink"><button class="second">Unlink it</button></form>'
        : '<p class="quiet">It is the only way to log in to this account. Add a password if you want to unlink it.</p>'
    }`;
}

function passwordSection({ email }: WaysToLogIn, again: Again): string {
  if (email) return `<p>With <strong>${escapeHtml(email)}</strong>.</p>`;
  return `<form method="post" action="/account/password">
      ${credentialFields(again, 'new-password')}
      <button class="second">Add a password</button>
    </form>`;
}

export function linkPage(again: Again): string {
  return page(
    'Link a phone',
    `<h1>Link a phone</h1>${alert(again)}
     <p>You can log in with it from now on, without your password.</p>
     <form method="post" action="/account/phone">
       ${userNameField()}
       <button>Ask my phone</button>
     </form>
     <p class="other"><a href="/account">Back</a></p>`,
  );
}

export function messagePage(message: string): string {
  return page(
    'Sorry',
    `<h1>Sorry</h1><p>${escapeHtml(message)}</p><p><a class="button" href="/">Back</a></p>`,
  );
}

function userNameField(): string {
  return `<label for="username">User name</label>
    <input id="username" name="username" autocomplete="username" autocapitalize="none"
           spellcheck="false" required autofocus>`;
}

function credentialFields({ email = '' }: Again, password: string): string {
  const rule = password === 'new-password' ? ' minlength="8" aria-describedby="rule"' : '';
  return `<label for="email">E-mail address</label>
    <input id="email" name="email" type="email" autocomplete="email" required value="${escapeHtml(email)}">
    <label for="password">Password</label>
    <input id="password" name="password" type="password" autocomplete="${password}" required${rule}>
    ${rule && '<p class="quiet rule" id="rule">At least 8 characters.</p>'}`;
}

function alert({ message }: Again): string {
  return message ? `<p class="message" role="alert">${escapeHtml(message)}</p>` : '';
}

function formatDay(date: Date): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(date);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)} – Example</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script src="/submit-once.js" defer></script>
<main>${body}</main>
</html>`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}
