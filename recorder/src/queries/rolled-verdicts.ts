import type { Statements } from "./named-query.ts";

/** What a column adds up: `sum(frames)`. */
type Columns = Readonly<Record<string, string>>;

/**
 * Figures of rolled-up verdicts added up, the same from rolled-up tables and measurements.
 *
 * @param columns - by name; where the first is 0, nothing was counted and there is no row
 * @param ofCloud - columns that count the cloud's answers only
 */
export function rolledVerdicts(
  outcome: "answered" | "refused",
  columns: Columns,
  ofCloud: Columns = {},
): Statements {
  const [first] = Object.values(columns);
  const sql = [
    ...Object.entries(columns),
    ...Object.entries(ofCloud).map(([name, sum]) => [name, `${sum} FILTER (WHERE exit = 'cloud')`] as const),
  ].map(([name, sum]) => `${sum} AS ${name}`);
  const influxql = (of: Columns) =>
    Object.entries(of)
      .map(([name, sum]) => `${sum.replace(/\((\w+)\)/, '("$1")')} AS "${name}"`)
      .join(", ");
  return {
    sql: ({ keys, by, range, rolled }) =>
      `SELECT ${keys} ${sql.join(", ")} FROM ${rolled("verdict")} WHERE outcome = '${outcome}' AND ${range}
       GROUP BY ${by} HAVING ${first} > 0`,
    influxql: [
      ({ range, group, rolled }) =>
        `SELECT ${influxql(columns)} FROM ${rolled("verdict")} WHERE "outcome" = '${outcome}' AND ${range} ${group}`,
      ...(Object.keys(ofCloud).length === 0
        ? []
        : [
            ({ range, group, rolled }: Parameters<Statements["sql"]>[0]) =>
              `SELECT ${influxql(ofCloud)} FROM ${rolled("verdict")}
               WHERE "outcome" = '${outcome}' AND "exit" = 'cloud' AND ${range} ${group}`,
          ]),
    ],
  };
}
