import { createLogger } from '../../src/common/logger.js';
import { readable } from '../../src/readable-log.js';

function shown(write: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = '';
  write(createLogger('debug', { write: (line) => (text += readable(line)) }));
  return text.replaceAll(/\u001b\[\d+m/g, '').replaceAll(/^\d\d:\d\d:\d\d\.\d{3}/gm, 'TIME');
}

describe('a log line for people', () => {
  it('begins with the request', () => {
    const facts = { request_id: '3f', method: 'GET', path: '/api/v1/users/me', status: 200, ms: 3.2, user: undefined };
    expect(shown((logger) => logger.info(facts, 'request'))).toBe(
      'TIME info  GET /api/v1/users/me 200 3.2 ms  request_id=3f\n',
    );
  });

  it('has every fact, and its cause', () => {
    const err = Object.assign(new Error('away'), { stack: 'Error: away\n    at there' });
    expect(shown((logger) => logger.warn({ event: 'outbox_unread', seconds: 3, who: 'a b', err }, 'unread'))).toBe(
      'TIME warn  unread  event=outbox_unread seconds=3 who="a b"\n    Error: away\n        at there\n',
    );
  });

  it('is one line without anything that a terminal obeys, whatever is in it [T36]', () => {
    const evil = '\u001b[2J\r\nTIME info  forged\u009b31m\u202e\u2028\u0007';
    const text = shown((logger) => {
      logger.info({ method: evil, path: evil, status: evil, ms: evil, agent: evil, [evil]: evil }, 'request');
      logger.info({ err: evil }, evil);
    });
    expect(text.split('\n')).toHaveLength(4);
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
  });

  it.each([
    ['the mark of Arabic letters', '\u061c', '\\u061c'],
    ['a space without width', '\u200b', '\\u200b'],
    ['a byte order mark', '\ufeff', '\\ufeff'],
    ['a soft hyphen', '\u00ad', '\\u00ad'],
    ['an override of the direction', '\u202e', '\\u202e'],
    ['a separator of paragraphs', '\u2029', '\\u2029'],
    ['a tag', '\u{e0041}', '\\udb40\\udc41'],
  ])('shows %s, which nobody would see', (_, character, escape) => {
    const path = `/api/v1/ta${character}sks`;
    const text = shown((logger) => {
      logger.info({ method: 'GET', path, status: 404, ms: 1, name: path }, 'request');
    });
    const seen = `/api/v1/ta${escape}sks`;
    expect(text).toBe(`TIME info  GET ${seen} 404 1 ms  name="${seen}"\n`);
  });

  it('leaves letters of all languages and pictures as they are', () => {
    const text = 'Ünï — Ада, 数学, 👋🏽';
    expect(shown((logger) => logger.info(text))).toBe(`TIME info  ${text}\n`);
  });
});
