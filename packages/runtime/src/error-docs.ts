import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Actor, errorCodes } from "./error-codes.ts";

export const errorDocsPath = join(import.meta.dirname, "..", "..", "..", "docs", "errors.md");

const actors: Readonly<Record<Actor, string>> = {
  user: "whoever configures or calls",
  sender: "whoever published the message",
  operator: "whoever runs the machines",
  developer: "whoever writes code against MEANet",
};

/** `docs/errors.md`, from the table of codes. `npm run docs:errors` writes it; a test holds both equal. */
export function renderErrorDocs(): string {
  const rows = Object.entries(errorCodes).map(([code, { actor, meaning }]) => {
    return `| \`${code}\` | ${actor} | ${meaning.replaceAll("|", "\\|")} |`;
  });
  const legend = Object.entries(actors).map(([actor, who]) => `- **${actor}**: ${who}`);
  return `# Errors

Written by \`npm run docs:errors\` from \`packages/runtime/src/error-codes.ts\`. The message of an error says what was wrong, what was expected and what to
do; its code is stable. Who can act:

${legend.join("\n")}

| code | who acts | what it means and what helps |
|---|---|---|
${rows.join("\n")}
`;
}

if (import.meta.main) writeFileSync(errorDocsPath, renderErrorDocs());
