import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { nodeKinds, trainingEvents } from "@meanet/protocol";

const palette = join(import.meta.dirname, "../palette");
const nodes = readdirSync(palette).flatMap((file) => /^(\w+)\.js$/.exec(file)?.[1] ?? []);
const languages = readdirSync(join(palette, "locales"));
/** The one that the others are translations of; Node-RED falls back to it. */
const ORIGINAL = "en-US";
const translations = languages.filter((language) => language !== ORIGINAL);

/** What every help is divided into, in the words of Node-RED's own nodes. */
const sections: Readonly<Record<string, readonly string[]>> = {
  "en-US": ["Inputs", "Outputs", "Details"],
  de: ["Eingangsdaten", "Ausgangsdaten", "Details"],
};

function read(language: string, file: string): string {
  return readFileSync(join(palette, "locales", language, file), "utf8");
}

/** Tags with their attributes in order; those inside a sentence follow its grammar, and are left out. */
function skeleton(html: string): string[] {
  return html.match(/<[^>]+>/g)?.filter((tag) => !/^<\/?(code|b)>$/.test(tag)) ?? [];
}

/** What is the same in every language: fields, values, codes, types; with how often each stands there. */
function terms(html: string): string[] {
  return (html.match(/<code>.*?<\/code>|<span class="property-type">.*?<\/span>/g) ?? []).sort();
}

function headings(html: string): string[] {
  return [...html.matchAll(/<h3>(.*?)<\/h3>/g)].map(([, text = ""]) => text);
}

function keysOf(value: object): string[] {
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]) =>
    typeof inner === "object" && inner !== null ? keysOf(inner).map((one) => `${key}.${one}`) : [key],
  );
}

describe("texts of the nodes", () => {
  it("take all kinds of nodes and all events of a training", () => {
    const dialog = (node: string) => readFileSync(join(palette, `${node}.html`), "utf8");
    assert.ok(dialog("status").includes(`/^(${nodeKinds.join("|")})$/`));
    assert.ok(dialog("training").includes(`/^(${trainingEvents.join("|")})$/`));
    for (const language of languages) assert.ok(read(language, "status.json").includes(nodeKinds.join(", ")));
  });

  it("are of these languages, each with headings that are known here", () => {
    assert.deepEqual(languages.toSorted(), Object.keys(sections).sort());
  });

  for (const node of nodes) {
    it(`${node} has places for values as Node-RED's catalogues mark them, and says what its dialog expects`, () => {
      const dialog = readFileSync(join(palette, `${node}.html`), "utf8");
      for (const language of languages) {
        const catalogue = read(language, `${node}.json`);
        assert.doesNotMatch(catalogue, /\{\{/, language);
        const known = keysOf(JSON.parse(catalogue) as object);
        for (const [, key = ""] of dialog.matchAll(/"(expected\.\w+)"/g)) assert.ok(known.includes(key), key);
      }
    });

    it(`${node} has its help where Node-RED looks for a language, and not in its dialog`, () => {
      assert.doesNotMatch(readFileSync(join(palette, `${node}.html`), "utf8"), /data-help-name/);
      for (const language of languages) {
        const help = read(language, `${node}.html`);
        assert.equal(help.match(/data-help-name="([^"]*)"/)?.[1], `meanet-${node}`, language);
        for (const heading of headings(help)) assert.ok(sections[language]?.includes(heading), heading);
      }
    });

    for (const language of translations) {
      it(`${node} says the same in ${language}: sections, properties, codes and keys`, () => {
        const [original, translated] = [read(ORIGINAL, `${node}.html`), read(language, `${node}.html`)];
        assert.deepEqual(skeleton(translated), skeleton(original));
        assert.deepEqual(terms(translated), terms(original));
        const order = (of: string, html: string) => headings(html).map((text) => sections[of]?.indexOf(text));
        assert.deepEqual(order(language, translated), order(ORIGINAL, original));
        assert.notEqual(translated, original);
        const catalogue = (of: string) => keysOf(JSON.parse(read(of, `${node}.json`)) as object);
        assert.deepEqual(catalogue(language), catalogue(ORIGINAL));
      });
    }
  }
});
