import { TestApp } from '../support/app.js';
import { person, type Person } from '../support/people.js';

describe('tasks', () => {
  let app: TestApp;
  let alice: Person;
  let bob: Person;

  beforeAll(async () => {
    app = await TestApp.start();
    [alice, bob] = [await person(app, 'alice'), await person(app, 'bob')];
  });

  afterAll(() => app.stop());

  describe('POST /tasks', () => {
    it('creates a task of the caller', async () => {
      const answer = await alice.api.post('/tasks', { title: 'Water the plants', description: 'All of them' });
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        id: expect.any(Number),
        user_id: alice.id,
        title: 'Water the plants',
        description: 'All of them',
        completed: false,
        created_at: expect.stringMatching(/Z$/),
        updated_at: answer.body.created_at,
      });
    });
  });
});
