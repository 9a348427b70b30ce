const SHORTEST = 6;
const MAX_EDITS = 2;

export function nearestName(name: string, known: ReadonlySet<string>): string | undefined {
  const candidates = [...known].filter((candidate) => candidate.length >= SHORTEST);
  const same = candidates.find((candidate) => bare(candidate) === bare(name));
  if (same !== undefined || name.length < SHORTEST) return same;
  const family = /^(?:SMTP|JWT|ADMIN|ROOST)_/.exec(name)?.[0];
  const near = candidates
    .filter((candidate) => Math.abs(candidate.length - name.length) <= MAX_EDITS)
    .map((candidate) => ({ candidate, edits: editsBetween(name, candidate) }))
    .filter(({ edits }) => edits <= MAX_EDITS)
    .sort((a, b) => a.edits - b.edits);
  const relatives = candidates
    .filter((candidate) => family !== undefined && candidate.startsWith(family))
    .sort((a, b) => sharedLength(b, name) - sharedLength(a, name));
  return near[0]?.candidate ?? relatives[0];
}

function bare(name: string): string {
  return name.replaceAll(/[_-]/g, '').toUpperCase();
}

function sharedLength(a: string, b: string): number {
  const end = Array.from(a).findIndex((letter, index) => letter !== b[index]);
  return end === -1 ? a.length : end;
}

function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(a).entries()) {
    const next = [index + 1];
    for (let column = 0; column < b.length; column += 1) {
      const change = (row[column] ?? 0) + (letter === b[column] ? 0 : 1);
      next.push(Math.min(change, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
    if (Math.min(...row) > MAX_EDITS) return Infinity;
  }
  return row[b.length] ?? 0;
}
