import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Prepares statements of a SQLite database, each text once. It forgets none: a program has few texts of its own. */
export function prepareOnce(database: DatabaseSync): (sql: string) => StatementSync {
  const statements = new Map<string, StatementSync>();
  return (sql) => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
}
