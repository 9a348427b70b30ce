import { originForm } from '../../src/http/hardening.js';

describe('originForm', () => {
  it.each([
    ['/a?b=c', '/a?b=c'],
    ['http://evil.com/a?b=c', '/a?b=c'],
    ['HTTPS://user@evil.com:1/a', '/a'],
    ['http://evil.com', '/'],
    ['http://evil.com?b', '/?b'],
    ['/a#b', '/a'],
    ['/a?b#c?d', '/a?b'],
    ['*', '/*'],
    ['*a', '/*a'],
    ['', '/'],
    ['//evil.com/a', '//evil.com/a'],
    ['/http://evil.com/a', '/http://evil.com/a'],
    ['http:///a', '/a'],
  ])('%s is %s', (target, path) => {
    expect(originForm(target)).toBe(path);
  });
});
