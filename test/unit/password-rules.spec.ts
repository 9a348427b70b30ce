import { dictionary } from '@zxcvbn-ts/language-common';

import { guessable } from '../../src/auth/hashing/password-rules.js';

const ADA = { email: 'ada.lovelace@example.org', username: 'Countess_A' };

describe('a password that is guessed first', () => {
  const codeOf = (password: string, owner: { email: string; username: string | undefined } = ADA): string | undefined =>
    guessable(password, owner)?.code;

  it('is any of the 3,000 most common, in whatever case [V6.2.4] [V6.2.12] [T17]', () => {
    const common = dictionary['passwords-common'].slice(0, 3_000).filter((password) => password.length >= 8);
    expect(common.length).toBeGreaterThan(600);
    expect(common.filter((password) => codeOf(password) !== 'too_common')).toEqual([]);
    expect(common.filter((password) => codeOf(password.toUpperCase()) !== 'too_common')).toEqual([]);
  });

  it.each(['password', 'Password1', 'password123', '12345678', 'qwertyuiop', 'iloveyou', 'P@ssw0rd', 'password１'])(
    'is %s, which is common',
    (password) => {
      expect(codeOf(password)).toBe('too_common');
    },
  );

  it.each(['passwordpassword', 'hunter2hunter2', 'DragonDragonDragon'])(
    'is %s, which repeats a common one',
    (password) => {
      expect(codeOf(password)).toBe('too_common');
    },
  );

  it.each(['RoostExample123', 'Acmetools-R00sters', 'NestlingsAcmetools'])(
    'is %s, which is made of several of these names',
    (password) => {
      expect(guessable(password, ADA, ['acmetools', 'The Nestlings', 'example'])?.code).toBe('contains_service');
    },
  );

  it.each(['RoostRoost', 'roost1234', 'My-Roost-9', 'R00st2026!', 'ROO5T!roost', '4cmeTools1', 'Nestlings7'])(
    'is %s, which is the name of the product or the service [V6.2.11]',
    (password) => {
      const names = ['acmetools', 'The Nestlings'];
      expect(guessable(password, ADA, names)?.code).toBe('contains_service');
    },
  );

  it.each(['my roost is on a high wall', 'roost api key 7', 'Acmetools and twelve hens'])(
    'is not %s, which is more than that',
    (password) => {
      expect(guessable(password, ADA, ['acmetools'])).toBeUndefined();
    },
  );

  it.each([
    ['lovelace1815', 'contains_email'],
    ['Lovelace!!', 'contains_email'],
    ['countess99', 'contains_username'],
  ])('is %s, which is a part of a name', (password, code) => {
    expect(codeOf(password)).toBe(code);
  });

  it.each([
    'aaaaaaaa',
    'a'.repeat(32),
    ' '.repeat(8),
    '🦉'.repeat(8),
    'éééééééé',
    'abababab',
    'xyzxyzxyz',
    'wtf!wtf!wtf!',
    'abcdefgh',
    'hgfedcba',
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    'абвгдежз',
    '34567890',
    '0987654321',
    'abcd1234',
    'Abcd12345',
    '4321dcba',
    'aaaa1111',
    'qwertzuiop',
    'qwertyuiopasdfghjkl',
    'lkjhgfdsa',
    'azertyuiopqsdf',
    '!@#$%^&*()',
  ])('is %s, which a finger runs through', (password) => {
    expect(['too_guessable', 'too_common']).toContain(codeOf(password));
  });

  it.each([
    ['ada.lovelace@example.org', 'contains_email'],
    ['I am ADA.Lovelace@Example.org', 'contains_email'],
    ['ada.lovelace1815', 'contains_email'],
    ['the engine of Ada.Lovelace', 'contains_email'],
    ['countess_a', 'contains_username'],
    ['my name is Countess_A', 'contains_username'],
  ])('is %s for Ada [V6.2.11]', (password, code) => {
    expect(codeOf(password)).toBe(code);
  });

  it.each([
    ['alice', 'alice2024'],
    ['alice', 'my-alice'],
    ['test', 'test_1815'],
    ['hopper7', 'Hopper7 1906'],
  ])('holds little besides the short name %s: %s', (name, password) => {
    expect(codeOf(password, { email: `${name}@example.org`, username: undefined })).toBe('contains_email');
    expect(codeOf(password, { email: 'somebody@example.org', username: name })).toBe('contains_username');
  });

  it.each([
    ['test', 'TestPass123!'],
    ['test', 'TestPassword123!'],
    ['alice', 'Alice in Wonderland'],
    ['canary', 'canary no. 1815'],
    ['bob', 'bobsleigh'],
    ['a', 'engine no. 1'],
  ])('is not for the short name %s: %s', (name, password) => {
    expect(codeOf(password, { email: `${name}@example.org`, username: name })).toBeUndefined();
  });

  it.each([
    'correct horse battery staple',
    'engine no. 1',
    'SecurePass123!',
    'TestPass123!',
    'TestPassword123!',
    'Str0ng!Passw0rd',
    'StrongPass123!',
    'MyP@ssw0rd2024',
    'Password123!',
    'Abcd1234!',
    'Qwerty123!',
    'password123456',
    'long enough',
    'pa4 kx0b',
    'assessed facts',
    '日本語の合言葉',
  ])('is not %s: a common word in it forbids nothing [V6.2.5]', (password) => {
    expect(codeOf(password)).toBeUndefined();
  });

  it.each(['a'.repeat(72), 'é'.repeat(36), '🦉'.repeat(18), '1234567890'.repeat(7)])(
    'is not %s, which nobody types by habit',
    (password) => {
      expect(codeOf(password)).toBeUndefined();
    },
  );

  it('says why in words', () => {
    expect(guessable('iloveyou', ADA)?.detail).toMatch(/used most/);
    expect(guessable('abcdefgh', ADA)?.detail).toMatch(/sequence/);
    expect(guessable('ada.lovelace1815', ADA)?.detail).toMatch(/e-mail/);
    expect(guessable('my name is Countess_A', ADA)?.detail).toMatch(/username/);
    expect(guessable('RoostRoost', ADA)?.detail).toMatch(/service/);
  });
});
