/** Runs in the browser. What it keeps of a request is good with the code or the link of the mail only. */
const KEPT = 'roost_email_login';
/** An address gets one mail a minute. Another request within it has no mail, so the earlier one is kept. */
const MAIL_MS = 60_000;
const TOTP_DIGITS = 6;

const token = new URLSearchParams(location.hash.slice(1)).get('token');
const main = document.querySelector('main');
const status = document.querySelector('#status');
let ticket;

history.replaceState(null, '', location.pathname);

if (token === null) show(kept() ? 'code' : 'ask');
else if (kept()) show('link');
else say('This link works only in the browser that asked for it. Go back there, and type the code of the same mail.');

on('ask', async ({ email }) => {
  const asked = await post('email', { email });
  const before = kept();
  if (before?.email !== email || Date.now() - before.at > MAIL_MS) {
    const [at, until] = [Date.now(), Date.now() + asked.expires_in * 1_000];
    localStorage.setItem(KEPT, JSON.stringify({ email, request: asked.login_request, at, until }));
  }
  show('code');
  return asked.message;
});
on('code', ({ code }) => complete({ code }));
on('link', () => complete({ token }));
on('factor', async ({ proof }) => {
  const kind = proof.replace(/[\s-]/g, '').length === TOTP_DIGITS ? 'totp' : 'recovery_code';
  await post('second-factor', { mfa_ticket: ticket, [kind]: proof });
  return enter();
});

async function complete(proof) {
  const request = kept()?.request;
  if (request === undefined) {
    show('ask');
    return 'The code has expired: request a new one.';
  }
  const answer = await post('email/complete', { login_request: request, ...proof });
  localStorage.removeItem(KEPT);
  if (!answer.mfa_required) return enter();
  ticket = answer.mfa_ticket;
  show('factor');
  return 'Your account has a second factor.';
}

function enter() {
  show();
  return 'You are logged in.';
}

function on(id, work) {
  const form = document.getElementById(id);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    say('…');
    say(await work(Object.fromEntries(new FormData(form))).catch((error) => error.message));
    button.disabled = false;
  });
}

/** @throws Error to be shown */
async function post(path, body) {
  const headers = { 'content-type': 'application/json', 'refresh-token-in': 'cookie' };
  const answer = await fetch(main.dataset.address + path, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Error('The server cannot be reached. Try again.');
  });
  const content = await answer.json();
  if (answer.ok) return content;
  const [fault] = content.errors ?? [];
  throw new Error(fault ? `This ${fault.detail}.` : content.detail);
}

function kept() {
  const found = JSON.parse(localStorage.getItem(KEPT) ?? 'null');
  return found && found.until > Date.now() ? found : undefined;
}

function show(id) {
  for (const form of document.forms) form.hidden = form.id !== id;
}

function say(text) {
  status.textContent = text;
}
