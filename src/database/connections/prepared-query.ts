/** A prepared statement. Its columns are described once for a connection: `pg` has them described each time. */
import pg from 'pg';

interface Connection {
  describe(message: object): void;
}

interface Columns {
  fields: readonly object[];
  _parsers: unknown;
  _prebuiltEmptyResultObject: object | null;
}

/** What the types of `pg` leave out. */
interface Query {
  name: string;
  readonly _result: Columns;
  _accumulateRows: boolean;
  prepare(connection: Connection): void;
  handleRowDescription(message: object): void;
  handleCommandComplete(message: object, connection: Connection): void;
}

const Query = pg.Query as unknown as new (text: string, values: unknown, answered: unknown) => Query;

/** By names of statements. One that would give other columns than before fails, so a name stands for its columns. */
export class Described {
  private readonly columns = new Map<string, Columns>();
  private asksNothing: Connection | undefined;

  of(name: string): Columns | undefined {
    return this.columns.get(name);
  }

  add(name: string, { fields, _parsers, _prebuiltEmptyResultObject }: Columns): void {
    this.columns.set(name, { fields, _parsers, _prebuiltEmptyResultObject });
  }

  /** The same connection, which asks for no description. */
  quiet(connection: Connection): Connection {
    return (this.asksNothing ??= Object.create(connection, { describe: { value: () => undefined } }) as Connection);
  }
}

export class PreparedQuery extends Query {
  constructor(
    statement: { readonly name: string; readonly text: string; readonly values: unknown },
    private readonly described: Described,
    answered: (error: Error | undefined, result: unknown) => void,
  ) {
    super(statement.text, statement.values, answered);
    this.name = statement.name;
  }

  override prepare(connection: Connection): void {
    const columns = this.described.of(this.name);
    if (!columns) {
      super.prepare(connection);
      return;
    }
    Object.assign(this._result, columns);
    this._accumulateRows = true;
    super.prepare(this.described.quiet(connection));
  }

  override handleRowDescription(message: object): void {
    super.handleRowDescription(message);
    this.described.add(this.name, this._result);
  }

  /** A statement without columns has no description. */
  override handleCommandComplete(message: object, connection: Connection): void {
    if (!this.described.of(this.name)) this.described.add(this.name, this._result);
    super.handleCommandComplete(message, connection);
  }
}
