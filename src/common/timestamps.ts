/** Timestamps on the wire: ISO 8601 in UTC with milliseconds, as `Date.prototype.toISOString` writes them. */

/** Lists select text: parsing and formatting 40 dates takes a tenth of a request. */
export function isoTimestamp(time: Date | string): string {
  if (time instanceof Date) return time.toISOString();
  return `${time.slice(0, 10)}T${time.slice(11, 19)}.${time.slice(20).padEnd(3, '0')}Z`;
}

const RFC_3339 = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3])(:[0-5]\d){2}(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$/;

export function parseTimestamp(text: string): Date | undefined {
  const [, day] = RFC_3339.exec(text) ?? [];
  if (day === undefined || !isDay(day)) return undefined;
  const time = new Date(text);
  return isWritten(time) && isWritten(new Date(time.getTime() + 1)) ? time : undefined;
}

function isWritten(utc: Date): boolean {
  return /^(?!0000)\d{4}-/.test(utc.toISOString());
}

export function parseDayOrTimestamp(text: string): Date | undefined {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return parseTimestamp(text);
  return isDay(text) ? new Date(`${text}T00:00:00.000Z`) : undefined;
}

/** PostgreSQL has no year 0, and `Date` turns 31 June into 1 July. */
function isDay(text: string): boolean {
  const time = new Date(`${text}T00:00:00.000Z`);
  return !text.startsWith('0000') && !Number.isNaN(time.getTime()) && time.toISOString().startsWith(text);
}
