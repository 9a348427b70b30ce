/** Runs in the browser, on the pages that links in mails open. The token stands in the fragment, which is sent nowhere. */
const given = new URLSearchParams(location.hash.slice(1));
const token = given.get('token') ?? '';
const form = document.querySelector('form');
const status = document.querySelector('#status');

// Not in the history, nor in what is copied from the address bar.
history.replaceState(null, '', location.pathname);

const madeBy = form.querySelector('#made_by');
if (madeBy && given.has('unconfirmed')) madeBy.hidden = madeBy.disabled = false;

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const button = form.querySelector('button');
  button.disabled = true;
  status.textContent = '…';
  const sent = await send();
  status.textContent = sent.text;
  form.hidden = sent.done;
  button.disabled = false;
});

async function send() {
  try {
    const answer = await fetch(form.dataset.address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...(form.dataset.token !== 'none' && { token }), ...fields() }),
    });
    return answer.ok ? { done: true, text: form.dataset.done } : { done: false, text: await reasonOf(answer) };
  } catch {
    return { done: false, text: 'The server cannot be reached. Try again.' };
  }
}

function fields() {
  const { start_afresh: afresh, ...others } = Object.fromEntries(new FormData(form));
  return afresh === undefined ? others : { ...others, start_afresh: afresh === 'true' };
}

async function reasonOf(answer) {
  const problem = await answer.json();
  const [fault] = problem.errors ?? [];
  if (fault?.pointer === '#/new_password') return `The password ${fault.detail}.`;
  if (fault?.pointer === '#/email') return `The address ${fault.detail}.`;
  return fault?.pointer === '#/token' ? 'This link is incomplete: open the link in the mail again.' : problem.detail;
}
