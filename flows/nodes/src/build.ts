import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire, stripTypeScriptTypes } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Builds `lib/`, which a package holds in the place of `src/`: Node runs no TypeScript below node_modules, and no registry has the
 * protocol. Of each module that a node reaches the types are blanked out, so that lines and columns stay.
 *
 *     src/*.ts, as far as reached    → lib/*.js
 *     @meanet/protocol               → lib/protocol/*.js
 *     @meanet/runtime/error          → lib/runtime/error.js
 *     @meanet/session/refused-publish → lib/session/refused-publish.js
 *     cbor-x, without its addon      → lib/cbor-x.cjs
 */
const source = import.meta.dirname;
const lib = join(source, "../lib");
const require = createRequire(import.meta.url);

/** Where the modules of a folder go. */
const folders: Readonly<Record<string, string>> = {
  [source]: lib,
  [dirname(fileURLToPath(import.meta.resolve("@meanet/protocol")))]: join(lib, "protocol"),
  [dirname(fileURLToPath(import.meta.resolve("@meanet/runtime/error")))]: join(lib, "runtime"),
  [dirname(fileURLToPath(import.meta.resolve("@meanet/session/refused-publish")))]: join(lib, "session"),
};
const cborFile = join(lib, "cbor-x.cjs");

rmSync(lib, { recursive: true, force: true });
const seen = new Set<string>();
for (const file of readdirSync(source)) if (file.endsWith("-node.ts")) emit(join(source, file));
write(join(lib, "package.json"), `${JSON.stringify({ type: "module" })}\n`);
const cbor = dirname(require.resolve("cbor-x/package.json"));
write(
  cborFile,
  `/*!\n${readFileSync(join(cbor, "LICENSE"), "utf8")}*/\n${readFileSync(join(cbor, "dist/index-no-eval.cjs"), "utf8")}`.replace(
    /^\/\/# sourceMappingURL.*$/m,
    "",
  ),
);

/** Writes a module and what it imports; does nothing the second time. */
function emit(file: string): void {
  if (seen.has(file)) return;
  seen.add(file);
  const target = targetOf(file);
  const code = stripTypeScriptTypes(readFileSync(file, "utf8")).replace(
    /\b(from\s*|import\s*\(?\s*)"([^"]+)"/g,
    (_, keyword: string, specifier: string) =>
      `${keyword}${JSON.stringify(follow(file, dirname(target), specifier))}`,
  );
  write(target, code);
}

/** What a module in the folder `from` of the package says for `specifier`; what is not a dependency of the package is emitted too. */
function follow(importer: string, from: string, specifier: string): string {
  if (specifier === "cbor-x") return pathBetween(from, cborFile);
  if (!specifier.startsWith(".") && !specifier.startsWith("@meanet/")) return specifier;
  const file = specifier.startsWith(".")
    ? join(dirname(importer), specifier)
    : fileURLToPath(import.meta.resolve(specifier));
  emit(file);
  return pathBetween(from, targetOf(file));
}

function targetOf(file: string): string {
  const folder = folders[dirname(file)];
  if (folder === undefined)
    throw new Error(`${file} has no place in the package: name its folder in build.ts`);
  return join(folder, `${relative(dirname(file), file).slice(0, -".ts".length)}.js`);
}

function pathBetween(folder: string, file: string): string {
  const path = relative(folder, file).replaceAll("\\", "/");
  return path.startsWith(".") ? path : `./${path}`;
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
