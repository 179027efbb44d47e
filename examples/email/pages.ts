/** The page for users who are logged in. */
export function homePage(name: string): string {
  return page(
    `Hello, ${name}`,
    '<form method="post" action="/logout"><button>Log out</button></form>',
  );
}

/** The form that begins a login, and what became of the last one. */
export function loginPage({
  message,
  authenticatorUrl,
}: {
  message?: string | undefined;
  authenticatorUrl?: string | undefined;
}): string {
  const hint = authenticatorUrl
    ? `<p>The phone: <a href="${escapeHtml(authenticatorUrl)}" target="_blank">authenticator</a></p>`
    : '';
  return page(
    'Log in',
    `${message ? `<p role="alert">${escapeHtml(message)}</p>` : ''}
<form method="post" action="/login" onsubmit="this.inert = true">
<label>E-mail address <input name="email" type="email" autocapitalize="none" autocomplete="username" required autofocus></label>
<button>Log in with my phone</button>
</form>
${hint}`,
  );
}

export function messagePage(message: string): string {
  return page(message, '<p><a href="/login">Log in</a></p>');
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<body onpageshow="for (const form of document.forms) form.inert = false">
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</html>
`;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (character) => entities[character] as string);
}
