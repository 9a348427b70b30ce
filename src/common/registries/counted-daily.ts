/** The registry of nouns whose new rows `GET /admin/stats` counts by day. */
export interface CountedNoun {
  readonly table: string;
  readonly about: string | undefined;
}

const COUNTED: CountedNoun[] = [];

/** On the module of a noun. @param about for the OpenAPI document */
export function CountedDaily(table: string, about?: string): ClassDecorator {
  return () => {
    COUNTED.push({ table, about });
  };
}

export function countedNouns(): readonly CountedNoun[] {
  return COUNTED.toSorted(({ table: one }, { table: other }) => (one < other ? -1 : 1));
}
