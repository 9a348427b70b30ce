/** Random sequences of requests: any operation of openapi.json, by anybody, with any values. */
import fc from 'fast-check';

import { DOCUMENT } from '../support/documented.mjs';
import { addressValueOf, bodyOf, RAW_BODIES } from './values.mjs';

export const ROLES = ['nobody', 'user', 'other', 'moderator', 'admin'];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const SCHEMAS = DOCUMENT.components.schemas;
const MOST_REQUESTS = 40;

export const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
);

/** They hash, mail or stream: as many as others would take most of the time. */
const SLOW =
  /^(?:register|login|changePassword|resetPassword|undoEmailChange|exportOwnData|streamTimeline|inviteUser)$/;

const ODD_HEADERS = [
  ['x-request-id', 'a b\u00e9'],
  ['x-forwarded-for', '203.0.113.7, 10.0.0.1'],
  ['x-forwarded-host', 'evil.example'],
  ['x-forwarded-proto', 'https'],
  ['forwarded', 'for=203.0.113.7;host=evil.example'],
  ['x-http-method-override', 'DELETE'],
  ['origin', 'https://evil.example'],
  ['origin', 'null'],
  ['accept', 'text/html'],
  ['accept-encoding', 'gzip, br'],
  ['range', 'bytes=0-1'],
  ['if-none-match', '*'],
  ['content-encoding', 'gzip'],
  ['cookie', 'access_token=x; __proto__=y'],
  ['last-event-id', 'AAAA'],
  ['idempotency-key', '"a-key"'],
  ['idempotency-key', '"a'],
  ['user-agent', 'x'.repeat(5_000)],
  ['__proto__', 'x'],
];

const CONTENT_TYPES = [
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'application/json\ta',
  'application/json;',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/xml',
  '',
];

/** Stands for an access token; see World.authorization. */
const AUTHORIZATIONS = [
  'none',
  'an old token',
  'a refresh token',
  'a cut token',
  'another scheme',
  'garbage',
  'twice',
  'of a service',
  'of a script',
];

const RAW_SEGMENTS = [
  '%ff',
  '%00',
  '%',
  '%2e%2e%2f',
  '..%2f',
  '%252e',
  '%0d%0aX:1',
  '+1',
  '0x10',
  '1.0',
  '01',
  '%201',
  'x'.repeat(150),
];

/** One time in so many. */
const rarely = (arbitrary, times) =>
  fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const requestOf = ({ path, method, operation }) => {
  const { parameters = [], requestBody } = operation;
  const named = (place) => parameters.filter((parameter) => parameter.in === place);
  const body = requestBody?.content?.['application/json']?.schema;
  return fc.record(
    {
      operation: fc.constant(operation.operationId),
      path: fc.constant(path),
      method: fc.constant(method),
      takesBody: fc.constant(body !== undefined),
      role: fc.constantFrom(...ROLES),
      segments: fc.record(
        Object.fromEntries(
          named('path').map(({ name, schema }) => [
            name,
            fc.oneof(
              { weight: 12, arbitrary: addressValueOf(name, schema, SCHEMAS) },
              { weight: 1, arbitrary: fc.constantFrom(...RAW_SEGMENTS).map((raw) => ({ $raw: raw })) },
            ),
          ]),
        ),
      ),
      query: fc.record(
        Object.fromEntries(
          named('query').map(({ name, schema, required }) => [
            name,
            required
              ? fc.option(addressValueOf(name, schema, SCHEMAS), { freq: 20, nil: undefined })
              : rarely(addressValueOf(name, schema, SCHEMAS), 4),
          ]),
        ),
      ),
      more: fc.oneof(
        { weight: 20, arbitrary: fc.constant('') },
        fc.constantFrom('limit=1', 'x=1', '&&=', '%ff', 'q[]=1', 'limit[$gt]=1'),
      ),
      body: body ? fc.option(bodyOf(body, SCHEMAS), { freq: 20, nil: undefined }) : fc.constant(undefined),
      raw: rarely(fc.constantFrom(...RAW_BODIES), 25),
      type: rarely(fc.constantFrom(...CONTENT_TYPES), 25),
      authorization: rarely(fc.constantFrom(...AUTHORIZATIONS), operation.operationId === 'listRevocations' ? 2 : 20),
      header: rarely(fc.constantFrom(...ODD_HEADERS), 10),
      otherMethod: rarely(fc.constantFrom(...METHODS), 30),
      unversioned: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, fc.constant(true)),
      /** Sent so often at the same time. */
      times: fc.oneof({ weight: 15, arbitrary: fc.constant(1) }, fc.integer({ min: 2, max: 5 })),
    },
    { noNullPrototype: true },
  );
};

export const sequences = fc.array(
  fc.oneof(
    ...OPERATIONS.map((each) => ({
      weight: SLOW.test(each.operation.operationId) ? 1 : 3,
      arbitrary: requestOf(each),
    })),
  ),
  { minLength: 1, maxLength: MOST_REQUESTS, size: 'max' },
);
