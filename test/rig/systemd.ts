import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What a unit says of how its process is started. */
export interface Unit {
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** Folders of a test in place of those of a machine. */
export interface Machine {
  /** By the folder that they stand for, `/opt/meanet`. */
  readonly folders: Readonly<Record<string, string>>;
  /** `%S`: holds each StateDirectory. */
  readonly state: string;
  /** `%C`: holds each CacheDirectory. */
  readonly cache: string;
  /** `%d`: what LoadCredential names is copied here. */
  readonly credentials: string;
  /** `%i`: what stands behind the `@` of a template. */
  readonly instance: string;
}

/** Text with the folders of the test in place of the machine's. */
export function moved(text: string, { folders }: Machine): string {
  return Object.entries(folders).reduce((so, [from, to]) => so.replaceAll(from, to), text);
}

/**
 * Does with a unit what systemd does before it starts the process: makes folders, copies credentials.
 *
 * @param files - the unit, then its drop-ins
 * @see systemd.unit(5), Specifiers; systemd.exec(5), Credentials
 */
export function prepareUnit(files: readonly string[], machine: Machine): Unit {
  const { instance, credentials, state, cache } = machine;
  const specifiers = new Map(Object.entries({ "%i": instance, "%d": credentials, "%S": state, "%C": cache }));
  const settings = files.flatMap((file) => settingsOf(readFileSync(file, "utf8")));
  const all = (key: string) =>
    settings
      .filter(([name]) => name === key)
      .map(([, value]) => moved(value, machine).replace(/%./g, (found) => specifiers.get(found) ?? found));

  for (const [key, base] of [
    ["StateDirectory", state],
    ["CacheDirectory", cache],
  ] as const)
    for (const folder of all(key)) mkdirSync(join(base, folder), { recursive: true, mode: 0o700 });
  mkdirSync(credentials, { recursive: true });
  for (const credential of all("LoadCredential")) {
    const [name, source] = credential.split(":");
    copyFileSync(source!, join(credentials, name!));
  }
  return {
    command: all("ExecStart").flatMap((line) => line.split(" ")),
    environment: Object.fromEntries(all("Environment").map(assignmentOf)),
  };
}

function settingsOf(text: string): (readonly [string, string])[] {
  return text
    .split("\n")
    .filter((line) => /^[A-Z]\w*=/.test(line))
    .map(assignmentOf);
}

function assignmentOf(line: string): readonly [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}
