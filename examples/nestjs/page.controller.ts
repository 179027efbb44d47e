import { Controller, Get, Header } from '@nestjs/common';

/** One page that logs in by the API beside it. */
@Controller()
export class PageController {
  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  page(): string {
    return PAGE;
  }
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>NestJS example</title>
<main>
<h1>NestJS example</h1>
<p role="status" id="status"></p>
<form id="login" hidden>
<label>User name <input name="username" autocapitalize="none" autocomplete="username" required></label>
<button>Log in with my phone</button>
</form>
<form id="logout" hidden><button>Log out</button></form>
</main>
<script type="module">
const say = (text) => { document.getElementById('status').textContent = text; };
const show = (user) => {
  document.getElementById('login').hidden = Boolean(user);
  document.getElementById('logout').hidden = !user;
  if (user) say('Hello, ' + user.name);
};
const post = (path, fields) => fetch(path, { method: 'POST', body: new URLSearchParams(fields) });

const me = await fetch('/me');
show(me.ok ? (await me.json()).user : null);

document.getElementById('login').addEventListener('submit', async (event) => {
  event.preventDefault();
  event.target.inert = true; // sent once, however often the button is pressed
  try {
    let response = await post('/login', new FormData(event.target));
    while (response.status === 202) {
      const { message, request } = await response.json();
      say(message);
      response = await post('/login', { request });
    }
    const answer = await response.json();
    if (response.ok) show(answer.user);
    else say(answer.message);
  } catch {
    say('Please try again later.');
  }
  event.target.inert = false;
});
document.getElementById('logout').addEventListener('submit', async (event) => {
  event.preventDefault();
  await post('/logout');
  say('');
  show(null);
});
</script>
</html>
`;
