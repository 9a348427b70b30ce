/** A process of its own with two Roosts of the test kit, and no cluster that it could join. It ends by itself, or fails. */
import { startRoost } from 'roost/testing';

const [first, second] = await Promise.all([startRoost(), startRoost()]);
if (process.argv[2] === 'fail') throw new Error('a test failed');
await first.stop();
const { username } = await second.as('ada');
const answer = await fetch(`${second.url}/health/ready`);
await second.stop();
process.stdout.write(JSON.stringify({ username, status: answer.status }));
