/** The page that only somebody who is logged in may see. */
export function homePage(name: string): string {
  return page(
    'Signed in',
    `<h1>Hello, ${escapeHtml(name)}</h1>
     <p>You are logged in, and no password was involved.</p>
     <p class="quiet">You can end this session here, or on your phone.</p>
     <form method="post" action="/logout"><button>Log out</button></form>`,
  );
}

export function loginPage(options: {
  message: string | undefined;
  authenticatorUrl: string | undefined;
}): string {
  const message = options.message
    ? `<p class="message" role="alert">${escapeHtml(options.message)}</p>`
    : '';
  const hint = options.authenticatorUrl
    ? `<p class="quiet">Your phone in this demo is
       <a href="${escapeHtml(options.authenticatorUrl)}" target="_blank" rel="noopener">the authenticator</a>:
       open it beside this page and approve the request there.</p>`
    : '';
  return page(
    'Log in',
    `<h1>Log in</h1>${message}
     <form method="post" action="/login">
       <label for="username">User name</label>
       <input id="username" name="username" autocomplete="username" autocapitalize="none"
              spellcheck="false" required autofocus>
       <button>Log in with my phone</button>
     </form>
     <p class="quiet">The page waits until you have answered on your phone.</p>${hint}`,
  );
}

export function messagePage(message: string): string {
  return page(
    'Sorry',
    `<h1>Sorry</h1><p>${escapeHtml(message)}</p><p><a href="/login">Back</a></p>`,
  );
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
