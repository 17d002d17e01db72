import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import type { ChildSettings } from "./child/messages.ts";

const require = createRequire(import.meta.url);

/** Node-RED's user directory, and what we keep in it. */
export interface StateFolder {
  readonly userDir: string;
  readonly flowFile: string;
  /** What was installed there, `Installed` of `delivery/install-flows.ts`. */
  readonly installedFile: string;
  readonly settingsFile: string;
  /** Key of the credentials in `flows_cred.json`, made once: without it they cannot be read again. */
  readonly credentialSecret: string;
}

export function openStateFolder(folder: string): StateFolder {
  const userDir = resolve(folder);
  mkdirSync(userDir, { recursive: true });
  return {
    userDir,
    flowFile: join(userDir, "flows.json"),
    installedFile: join(userDir, "installed-flows.json"),
    settingsFile: join(userDir, "settings.cjs"),
    credentialSecret: credentialSecret(join(userDir, "credential-secret")),
  };
}

function credentialSecret(file: string): string {
  if (!existsSync(file)) writeWhole(file, `${randomBytes(32).toString("base64url")}\n`, 0o600);
  return readFileSync(file, "utf8").trim();
}

/**
 * Writes the file that Node-RED requires: our typed settings, given what this start needs. For its owner alone: it holds the
 * key and the password's hash.
 */
export function writeSettingsFile(file: string, settings: ChildSettings): void {
  const module = join(import.meta.dirname, "child/settings.ts");
  const text = `// Written at every start of "meanet flows"; changes are lost.
module.exports = require(${JSON.stringify(module)}).nodeRedSettings(${JSON.stringify(settings, null, 2)});
`;
  writeWhole(file, text, 0o600);
}

/** Replaces a file by a whole one: a crash leaves the old or the new. */
export function writeWhole(file: string, text: string, mode = 0o644): void {
  const fresh = `${file}.new`;
  writeFileSync(fresh, text, { mode, flush: true });
  renameSync(fresh, file);
}

/** Where Node-RED's program lies. */
export function nodeRedProgram(): string {
  return require.resolve("node-red/red.js");
}

/** The packages whose nodes are loaded beside Node-RED's own, wherever npm has put them. */
export function nodePackages(): string[] {
  return [
    require.resolve("@meanet/node-red/package.json"),
    require.resolve("@flowfuse/node-red-dashboard/package.json"),
  ].map(dirname);
}
