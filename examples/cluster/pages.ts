/** The page for users who are logged in. */
export function homePage(name: string, pid: number): string {
  return page(
    'Signed in',
    `<h1>Hello, ${escapeHtml(name)}</h1>
     <p>This page came from process ${pid}. Reload it, and another may answer.</p>
     <form method="post" action="/logout"><button>Log out</button></form>`,
  );
}

export function loginPage(options: { authenticatorUrl: string | undefined; pid: number }): string {
  const hint = options.authenticatorUrl
    ? `<p>Your phone in this demo is
       <a href="${escapeHtml(options.authenticatorUrl)}" target="_blank" rel="noopener">the authenticator</a>:
       open it beside this page and approve the request there.</p>`
    : '';
  return page(
    'Log in',
    `<h1>Log in</h1>
     <form method="post" action="/login" onsubmit="this.inert = true">
       <label for="username">User name</label>
       <input id="username" name="username" autocomplete="username" autocapitalize="none"
              spellcheck="false" required autofocus>
       <button>Log in with my phone</button>
     </form>${hint}
     <p>This page came from process ${options.pid}.</p>`,
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
<title>${escapeHtml(title)} – Cluster example</title>
<link rel="icon" href="data:,">
<style>
  main { max-width: 26rem; margin: 12vh auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif }
  input, button { display: block; box-sizing: border-box; width: 100%; margin: .5rem 0; padding: .7rem; font: inherit }
</style>
<body onpageshow="for (const form of document.forms) form.inert = false">
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
