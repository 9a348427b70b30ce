/** What the people of a development database did: rows in the order of their time, people by their place in the list. */
import { Dice, Weighted } from './dice.mjs';
import { fill, SELLERS, sentenceOf } from './people.mjs';
import { TASKS } from './voices.mjs';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Posts reach so far back. */
const POSTS_SINCE = 30 * DAY;
const POSTS_EACH = 12;

/** How much is said in each hour of a day, in UTC. */
const HOURS = [2, 1, 1, 1, 1, 2, 5, 9, 11, 9, 8, 8, 10, 9, 8, 8, 9, 10, 11, 12, 12, 10, 7, 4];

/** The one whom one logs in as first follows at least so many, where there are. */
const READER_FOLLOWS = 28;

/** A few are known to almost everybody, most to a few: by Zipf's law. */
function unequal(people, { name, exponent, seller }) {
  const ranks = new Dice(name).shuffle(people.keys());
  return new Weighted(people.map(({ sells }, index) => (sells ? seller : 1) / (ranks[index] + 2) ** exponent));
}

/** Now and then somebody blocks one who sells. */
export function* makeBlocks(people) {
  for (let from = 0; from + SELLERS.place < people.length; from += SELLERS.every) {
    const to = from + SELLERS.place;
    yield { from, to, createdAt: people[to].createdAt + DAY };
  }
}

/** Nobody follows themselves, anybody twice, or whom a block keeps them apart from. */
export function* makeFollows(people, now) {
  const dice = new Dice('follows');
  const known = unequal(people, { name: 'known', exponent: 0.9, seller: 0.02 });
  const apart = new Set([...makeBlocks(people)].flatMap(({ from, to }) => [`${from} ${to}`, `${to} ${from}`]));
  for (const { index: from, createdAt } of people) {
    const most = Math.floor(people.length * 0.6);
    const wanted = Math.min(most, from === 0 ? READER_FOLLOWS : Math.round(3 + 27 * dice.unit() ** 2));
    const followed = new Set();
    for (let tries = 0; followed.size < wanted && tries < wanted * 10; tries += 1) {
      const to = known.pick(dice);
      if (to !== from && !apart.has(`${from} ${to}`)) followed.add(to);
    }
    for (const to of followed) {
      const since = Math.max(createdAt, people[to].createdAt);
      yield { from, to, createdAt: since + Math.floor(dice.unit() * (now - since)) };
    }
  }
}

/** Now and then somebody mutes one whom they follow. */
export function* makeMutes(people, now) {
  const muting = new Set();
  for (const { from, to, createdAt } of makeFollows(people, now)) {
    if (from % 12 !== 0 || muting.has(from)) continue;
    muting.add(from);
    yield { from, to, createdAt: Math.floor((createdAt + now) / 2) };
  }
}

/**
 * Many more by some than by others, in the order of their time. What sellers say a moderator deletes within hours; some
 * delete something of their own.
 * @param moderator whoever deletes what others say
 */
export function* makePosts(people, { now, moderator }) {
  const dice = new Dice('posts');
  const talkative = unequal(people, { name: 'talkative', exponent: 0.7, seller: 0.35 });
  const said = people.map(() => 0);
  const recent = new Set();
  for (const createdAt of postTimes(people.length * POSTS_EACH, now, dice)) {
    const author = talkative.pick(dice);
    const next = () => sentenceOf(people[author], said[author]++, { dice, time: createdAt });
    let text = next();
    for (let tries = 0; recent.has(text) && tries < 20; tries += 1) text = next();
    if (recent.size >= 5_000) recent.clear();
    recent.add(text);
    const { sells } = people[author];
    const deleted = sells || dice.chance(0.015);
    const deletedAt = deleted ? Math.min(now, createdAt + dice.whole(5, 300) * MINUTE) : null;
    yield { author, text, createdAt, deletedAt, deletedBy: deleted ? (sells ? moderator : author) : null };
  }
}

/** Rising, by the hours of the day. */
function* postTimes(count, now, dice) {
  const since = now - POSTS_SINCE;
  const weights = Array.from(
    { length: POSTS_SINCE / HOUR },
    (_, hour) => HOURS[new Date(since + hour * HOUR).getUTCHours()],
  );
  const total = weights.reduce((sum, weight) => sum + weight);
  let [hour, before] = [0, 0];
  for (let nth = 0; nth < count; nth += 1) {
    const target = ((nth + dice.unit()) / count) * total;
    while (before + weights[hour] <= target) before += weights[hour++];
    yield since + Math.floor((hour + (target - before) / weights[hour]) * HOUR);
  }
}

/** For two of five, and for those whom one logs in as. */
export function* makeTasks(people, now) {
  const dice = new Dice('tasks');
  for (const { index: owner, sells } of people) {
    if (sells || !(owner < 3 || dice.chance(0.4))) continue;
    const tasks = dice.shuffle(TASKS).slice(0, owner === 0 ? 12 : dice.whole(3, 10));
    const ages = tasks.map(() => dice.whole(HOUR, POSTS_SINCE)).sort((a, b) => b - a);
    for (const [nth, [title, description]] of tasks.entries()) {
      const createdAt = now - ages[nth];
      const completed = dice.chance(0.45);
      const updatedAt = completed ? createdAt + Math.floor(dice.unit() * ages[nth]) : createdAt;
      const [filledTitle, filledDescription = null] = [title, description].map(
        (text) => text && fill(text, dice, createdAt),
      );
      yield { owner, title: filledTitle, description: filledDescription, completed, createdAt, updatedAt };
    }
  }
}
