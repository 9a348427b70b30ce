/** Who lives in a development database: always the same people, and with more of them the same first ones. */
import { Dice } from './dice.mjs';
import { NAMES } from './names.mjs';
import { CODAS, OWN_LANGUAGE, SLOTS, SPAM, SPAM_BIO, SUBJECTS } from './voices.mjs';

/** Nobody's mail goes there: RFC 2606. */
export const DOMAIN = 'seed.example.org';

/** Those whom one logs in as: the first people, in this order. */
export const CAST = {
  reader: { name: 'Maya Okafor', username: 'maya', role: 'user', subjects: ['books', 'city', 'code'] },
  moderator: { name: 'Inés Serrano', username: 'ines', role: 'moderator', subjects: ['work', 'music', 'tea'] },
  admin: { name: 'Tomasz Zieliński', username: 'tomasz', role: 'admin', subjects: ['code', 'running', 'garden'] },
};

export function emailOf({ username }) {
  return `${username.toLowerCase()}@${DOMAIN}`;
}

/** What may be said: by subject, by origin, and to sell something. */
const LINES = {
  ...Object.fromEntries(
    Object.entries(SUBJECTS).map(([subject, { sentences, emoji }]) => [
      subject,
      sentences.map((sentence) => ({ sentence, emoji })),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(OWN_LANGUAGE).map(([origin, sentences]) => [
      origin,
      sentences.map((sentence) => ({ sentence, verbatim: true })),
    ]),
  ),
  spam: SPAM.map((sentence) => ({ sentence, verbatim: true })),
};

const DAY = 86_400_000;
/** Everybody joined before the first post. */
const JOINED_DAYS = { first: 400, last: 31 };

/** One of so many sells something. */
export const SELLERS = { every: 50, place: 7 };

/** In the order in which they joined. @param now milliseconds */
export function makePeople(count, now) {
  const dice = new Dice('people');
  const taken = new Set();
  const people = [];
  for (let index = 0; index < count; index += 1) {
    const person = index % SELLERS.every === SELLERS.place ? aSeller(dice) : aPerson(dice, Object.values(CAST)[index]);
    const username = free(person.username, taken);
    const age = JOINED_DAYS.first - ((index + dice.unit()) / count) * (JOINED_DAYS.first - JOINED_DAYS.last);
    people.push({ ...person, index, username, email: emailOf({ username }), createdAt: now - Math.floor(age * DAY) });
  }
  return people;
}

function aSeller(dice) {
  const brand = `${dice.pick(['best', 'super', 'mega', 'easy'])}_${dice.pick(['deals', 'cash', 'offers', 'clicks'])}`;
  const username = `${brand}_${dice.whole(10, 99)}`;
  return {
    name: brand.replace('_', ' ').toUpperCase(),
    username,
    role: 'user',
    bio: SPAM_BIO,
    sells: true,
    lines: LINES.spam,
  };
}

function aPerson(dice, given) {
  const origin = dice.pick(Object.keys(NAMES));
  const [first, last] = ['first', 'last'].map((part) => readName(dice.pick(NAMES[origin][part].split(' '))));
  const subjects = given?.subjects ?? dice.shuffle(Object.keys(SUBJECTS)).slice(0, 3);
  const drawn = {
    name: shownName(dice, first, last),
    username: drawUsername(dice, first.latin, last.latin),
    bio: dice.chance(0.85) ? fill(dice.pick(SUBJECTS[subjects[0]].bios), dice) : null,
  };
  return {
    ...drawn,
    role: 'user',
    ...given,
    sells: false,
    lines: [...subjects.flatMap((subject) => LINES[subject]), ...((!given && LINES[origin]) || [])],
    usesEmoji: dice.chance(0.4),
    lowerCase: dice.chance(0.12),
    breaks: dice.chance(0.3),
  };
}

function readName(text) {
  const [shown, latin = shown] = text.split('|');
  return {
    shown,
    latin: latin
      .normalize('NFD')
      .replace(/[øØ]/g, 'o')
      .replace(/[łŁ]/g, 'l')
      .replace(/ß/g, 'ss')
      .replace(/[^A-Za-z]/g, ''),
  };
}

/** In one script, as people write themselves; some give their first name only, some none. */
function shownName(dice, first, last) {
  if (dice.chance(0.04)) return null;
  const isLatin = (text) => /^\p{Script=Latin}+$/u.test(text);
  const [one, other] =
    isLatin(first.shown) === isLatin(last.shown) ? [first.shown, last.shown] : [first.latin, last.latin];
  if (dice.chance(0.1)) return one;
  return /[\p{Script=Han}\p{Script=Hangul}]/u.test(other) ? `${other} ${one}` : `${one} ${other}`;
}

function drawUsername(dice, first, last) {
  const year = dice.whole(70, 99);
  const [one, other] = dice.chance(0.15) ? [first, last] : [first.toLowerCase(), last.toLowerCase()];
  const ways = [
    `${one}_${other}`,
    `${one}${other}`,
    `${one.slice(0, 1)}${other}`,
    `${one}${year}`,
    `${other}_${one}`,
    `${one}_${other.slice(0, 1)}`,
  ];
  const drawn = dice.pick(ways);
  return drawn.length < 3 ? `${one}_${other}` : drawn;
}

function free(wanted, taken) {
  let username = wanted.slice(0, 24);
  for (let n = 2; taken.has(username.toLowerCase()); n += 1) username = `${wanted.slice(0, 24)}${n}`;
  taken.add(username.toLowerCase());
  return username;
}

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** @param time milliseconds; what is said is true of that day */
export function fill(sentence, dice, time = 0) {
  const drawn = { weekday: WEEKDAYS[new Date(time).getUTCDay()] };
  return sentence.replace(/\{(\w+)\}/g, (_, slot, offset) => {
    const word = (drawn[slot] ??= dice.pick(SLOTS[slot]));
    const begins = /(?:^|[.?!] )$/.test(sentence.slice(0, offset));
    return begins ? word.charAt(0).toUpperCase() + word.slice(1) : word;
  });
}

/** What somebody says: in their own words, the way they write. @param nth which of their posts it is, from 0 */
export function sentenceOf(person, nth, { dice, time }) {
  const { lines, breaks, lowerCase, usesEmoji } = person;
  // A step that has no divisor in common with the number of lines: all of them come before one comes again.
  const step = [7, 11, 13].find((prime) => lines.length % prime !== 0);
  const { sentence, emoji, verbatim } = lines[(person.index * 5 + nth * step) % lines.length];
  const said = fill(sentence, dice, time);
  if (verbatim) return said;
  const whole = dice.chance(0.25) ? `${said}${breaks ? '\n\n' : ' '}${dice.pick(CODAS)}` : said;
  const text = lowerCase ? whole.toLowerCase() : whole;
  return usesEmoji && dice.chance(0.6) ? `${text} ${dice.pick(emoji)}` : text;
}
