/** Log in, tasks, and a live timeline: what a front end needs of Roost, through its client. */
import { ProblemError, RoostClient, storedTokens, unwrap } from './roost-client/index.js';

// Never from the address: a link could then send the tokens anywhere.
const url = document.querySelector('meta[name=roost]').content;
const tokens = storedTokens(localStorage);
const roost = new RoostClient({ url, tokens });
const find = (id) => document.querySelector(`#${id}`);
let ticket;
let watching;

on('login', 'submit', async ({ fields, submitter }) => {
  if (submitter.name === 'register') await unwrap(roost.post('/auth/register', { body: fields }));
  const login = await unwrap(roost.login(fields));
  if ('mfa_ticket' in login) showSecondStep(login.mfa_ticket);
  else await showHome();
});

on('second-step', 'submit', async ({ form, fields }) => {
  await unwrap(roost.completeLogin({ mfa_ticket: ticket, ...fields }));
  form.reset();
  await showHome();
});

on('logout', 'click', async () => {
  await unwrap(roost.logout());
  showLogin();
});

on('new-task', 'submit', async ({ form, fields }) => {
  addTask(await unwrap(roost.post('/tasks', { body: fields })));
  form.reset();
});

on('new-post', 'submit', async ({ form, fields }) => {
  await unwrap(roost.post('/posts', { body: fields }));
  form.reset();
});

async function showHome() {
  const me = await unwrap(roost.get('/users/me'));
  find('me').textContent = me.username;
  find('login').hidden = find('second-step').hidden = true;
  find('home').hidden = false;
  find('tasks').replaceChildren();
  find('timeline').replaceChildren();
  for await (const task of roost.list('/tasks', { query: { sort: 'created_at' } })) addTask(task);
  void watch();
}

function showSecondStep(given) {
  ticket = given;
  find('login').hidden = true;
  find('second-step').hidden = false;
}

function showLogin() {
  watching?.abort();
  find('home').hidden = true;
  find('login').hidden = false;
}

function addTask(task) {
  const box = Object.assign(document.createElement('input'), { type: 'checkbox', checked: task.completed });
  const label = document.createElement('label');
  label.append(box, ` ${task.title}`);
  label.dataset.done = String(task.completed);
  box.addEventListener('change', () =>
    attempt(async () => {
      const path = { task_id: task.id };
      const { completed } = await unwrap(
        roost.patch('/tasks/{task_id}/complete', { path, body: { completed: box.checked } }),
      );
      label.dataset.done = String(completed);
    }),
  );
  find('tasks').append(entry(label));
}

async function showTimeline() {
  const posts = await unwrap(roost.get('/timeline'));
  find('timeline').replaceChildren();
  for (const post of posts.reverse()) addPost(post);
}

/** It begins with a reset, after which nothing is missed. */
async function watch() {
  watching = new AbortController();
  const { signal } = watching;
  try {
    for await (const event of roost.stream({ signal })) {
      if (event.type === 'reset') await showTimeline();
      else addPost(event.post);
    }
  } catch (error) {
    if (signal.aborted) return;
    say(error);
    if (error instanceof ProblemError && error.problem.status === 401) showLogin();
  }
}

/** The newest comes first. A post may come by the page and by the stream. */
function addPost({ id, author, text }) {
  if (document.querySelector(`[data-post='${id}']`)) return;
  const item = entry(`${author.username}: ${text}`);
  item.dataset.post = id;
  find('timeline').prepend(item);
}

function entry(content) {
  const item = document.createElement('li');
  item.append(content);
  return item;
}

function on(id, event, work) {
  find(id).addEventListener(event, (given) => {
    given.preventDefault();
    const form = given.currentTarget;
    const fields = form instanceof HTMLFormElement ? Object.fromEntries(new FormData(form)) : {};
    void attempt(() => work({ form, fields, submitter: given.submitter }));
  });
}

async function attempt(work) {
  find('status').textContent = '';
  try {
    await work();
  } catch (error) {
    say(error);
  }
}

function say(error) {
  const [fault] = error instanceof ProblemError ? (error.problem.errors ?? []) : [];
  const field = fault && `${fault.pointer.replace('#/', '')} ${fault.detail}`;
  find('status').textContent = field ?? error.problem?.detail ?? 'The server cannot be reached. Try again.';
}

if (tokens.get()) {
  showHome().catch((error) => {
    showLogin();
    say(error);
  });
}
