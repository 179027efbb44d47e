import { hash } from 'node:crypto';
import { type Compilable, type CompiledQuery, type RawBuilder, sql } from 'kysely';
import type { Database } from './schema.js';

/** Stands for a value while a statement is compiled. */
class Placeholder {
  readonly name: PropertyKey;

  constructor(name: PropertyKey) {
    this.name = name;
  }
}

export type ValueOf<Values> = <Name extends keyof Values>(name: Name) => Values[Name];
type Build<Values, Row> = (
  db: Database,
  value: ValueOf<Values>,
) => Compilable<Row> | RawBuilder<Row>;

/** By text. Equal names have equal texts, also at other engines. */
const names = new Map<string, string>();

/** The name of a prepared statement; `undefined` for any other text. */
export function nameOfStatement(text: string): string | undefined {
  return names.get(text);
}

/** A statement that is compiled once for each kind of database, and run with new values each time. */
export class Prepared<Values extends object, Row> {
  private readonly build: Build<Values, Row>;
  /** By the class of the database's adapter. */
  private readonly compiled = new Map<unknown, CompiledQuery<Row>>();

  constructor(build: Build<Values, Row>) {
    this.build = build;
  }

  async all(db: Database, values: Values): Promise<Row[]> {
    const query = this.query(db);
    const parameters = query.parameters.map((parameter) =>
      parameter instanceof Placeholder ? values[parameter.name as keyof Values] : parameter,
    );
    return (await db.executeQuery<Row>({ ...query, parameters })).rows;
  }

  async first(db: Database, values: Values): Promise<Row | undefined> {
    return (await this.all(db, values))[0];
  }

  private query(db: Database): CompiledQuery<Row> {
    const kind = db.getExecutor().adapter.constructor;
    let query = this.compiled.get(kind);
    if (!query) {
      const statement = this.build(db, (name) => new Placeholder(name) as never);
      // Only text needs the database to be compiled.
      query = (statement as RawBuilder<Row>).compile(db);
      this.compiled.set(kind, query);
      names.set(query.sql, `launchkey_${hash('sha1', query.sql)}`);
    }
    return query;
  }
}

/**
 * Prepares a statement of a login: to compile one takes several times as long as to run it.
 *
 * @example
 * const byId = prepared<{ id: string }>()((db, value) =>
 *   db.selectFrom('users').selectAll().where('id', '=', value('id')),
 * );
 * const user = await byId.first(db, { id });
 */
export function prepared<Values extends object>() {
  return <Row>(build: Build<Values, Row>) => new Prepared<Values, Row>(build);
}

/** The columns of a table. */
export interface Columns<Text, Number> {
  texts: readonly Text[];
  numbers: readonly Number[];
}

/** Names all columns of a table; one that is missing does not compile. */
export function columnsOf<Row>() {
  return <const Text extends keyof Row, const Number extends keyof Row>(
    columns: Columns<Text, Number> &
      ([Exclude<keyof Row, Text | Number>] extends [never]
        ? unknown
        : { missing: Exclude<keyof Row, Text | Number> }),
  ): Columns<keyof Row & string, keyof Row & string> => columns as never;
}

/** A row with the values of a prepared statement. */
export function rowOf<Row extends object>(
  value: ValueOf<Row>,
  { texts, numbers }: Columns<keyof Row, keyof Row>,
): Row {
  return Object.fromEntries([...texts, ...numbers].map((column) => [column, value(column)])) as Row;
}

/**
 * The columns and values of `INSERT … SELECT`: PostgreSQL takes the values of a `SELECT` for texts
 * unless they are cast.
 */
export function selectionOf<Row extends object>(
  value: ValueOf<Row>,
  { texts, numbers }: Columns<keyof Row & string, keyof Row & string>,
): { names: (keyof Row & string)[]; values: RawBuilder<unknown> } {
  const values = [
    ...texts.map((column) => sql`${value(column)}`),
    ...numbers.map((column) => sql`cast(${value(column)} as bigint)`),
  ];
  return { names: [...texts, ...numbers], values: sql.join(values) };
}
