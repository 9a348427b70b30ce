// @ts-check
/** What `npm run bench` asks for: each operation with its target, and its requests. */
import { OWNERS, PASSWORD, PEOPLE, TASKS_EACH } from './people.mjs';

/** @typedef {import('./people.mjs').Person} Person */
/** @typedef {import('./load.mjs').Request} Request */
/** @typedef {{ name: string, status: number, times?: number, postgresTimes?: number, sameBody?: boolean, parallel?: number[], next: (state: State, connection: number) => Request }} Operation */

/** What one server has been asked so far. Each has a database, and so a state, of its own. */
export class State {
  /** @type {Map<string, number>} */
  #counts = new Map();

  /** @param {Person[]} people */
  constructor(people) {
    this.people = people;
    this.refreshTokens = people.map(({ refreshToken }) => refreshToken);
    this.completed = new Uint8Array(OWNERS * TASKS_EACH);
  }

  /** @param {string} name */
  count(name) {
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    return count;
  }

  /** After the rows of new follows are gone. */
  restart() {
    this.#counts.delete('follow');
  }

  /** @param {number} number */
  person(number) {
    return /** @type {Person} */ (this.people[number % this.people.length]);
  }
}

/** @type {Operation[]} */
export const OPERATIONS = [
  {
    name: 'list',
    status: 200,
    times: 1.6,
    sameBody: true,
    next: (state) => ({ method: 'GET', path: '/api/v1/tasks?limit=20', token: owner(state, state.count('list')) }),
  },
  {
    name: 'get',
    status: 200,
    times: 2,
    sameBody: true,
    next: (state) => {
      const task = state.count('get') % (OWNERS * TASKS_EACH);
      return { method: 'GET', path: `/api/v1/tasks/${task + 1}`, token: owner(state, task) };
    },
  },
  {
    name: 'create',
    status: 201,
    times: 2,
    next: (state) => {
      const count = state.count('create');
      const body = { title: `New task ${count}`, description: `What there is to do about new task ${count}` };
      return { method: 'POST', path: '/api/v1/tasks', token: owner(state, count), body };
    },
  },
  {
    name: 'complete',
    status: 200,
    times: 2,
    next: (state) => {
      const task = state.count('complete') % (OWNERS * TASKS_EACH);
      const completed = state.completed[task] === 0;
      state.completed[task] = Number(completed);
      const path = `/api/v1/tasks/${task + 1}/complete`;
      return { method: 'PATCH', path, token: owner(state, task), body: { completed } };
    },
  },
  {
    name: 'me',
    status: 200,
    times: 2,
    sameBody: true,
    next: (state) => ({ method: 'GET', path: '/api/v1/auth/me', token: anybody(state, state.count('me')) }),
  },
  {
    name: 'login',
    status: 200,
    // From 16 on, all cores hash.
    parallel: [16],
    next: (state) => {
      const { email } = state.person(state.count('login'));
      return { method: 'POST', path: '/api/v1/auth/login', body: { email, password: PASSWORD } };
    },
  },
  {
    name: 'refresh',
    status: 200,
    times: 2,
    postgresTimes: 2,
    next: (state, connection) => {
      // Of these sessions only this connection has the tokens: 128 connections, 32 sessions each.
      const person = (connection % 128) + 128 * (state.count(`refresh ${connection}`) % (PEOPLE / 128));
      return {
        method: 'POST',
        path: '/api/v1/auth/refresh',
        body: { refresh_token: state.refreshTokens[person] },
        answered: ({ refresh_token }) => (state.refreshTokens[person] = refresh_token),
      };
    },
  },
  {
    name: 'timeline',
    status: 200,
    times: 1.6,
    sameBody: true,
    next: (state) => {
      const token = anybody(state, state.count('timeline'));
      return { method: 'GET', path: '/api/v1/timeline?limit=20', token };
    },
  },
  {
    name: 'post',
    status: 201,
    times: 2,
    next: (state) => {
      const count = state.count('post');
      const body = { text: `Post ${count} of a round, about as long as posts are when people have something to say.` };
      return { method: 'POST', path: '/api/v1/posts', token: anybody(state, count), body };
    },
  },
  {
    name: 'follow',
    status: 204,
    times: 2,
    next: (state) => {
      const count = state.count('follow');
      // Each pair once in a round, and far from those who follow at the same time.
      const followee = state.person(count + PEOPLE / 2 + Math.floor(count / PEOPLE));
      const path = `/api/v1/users/${followee.username}/follow`;
      return { method: 'PUT', path, token: anybody(state, count) };
    },
  },
];

/** @param {State} state @param {number} count */
function owner(state, count) {
  return state.person(count % OWNERS).accessToken;
}

/** @param {State} state @param {number} count */
function anybody(state, count) {
  return state.person(count).accessToken;
}
