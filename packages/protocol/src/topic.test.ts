import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import fc from "fast-check";
import { bytes } from "./codec.ts";
import { isId, sharedFilter, type Topic, topic } from "./topic.ts";
import { topicsUnder } from "./topics.ts";

const topics = topicsUnder("meanet/v1");
type AnyTopic = Topic<string, unknown>;
const all = Object.entries(topics) as unknown as [string, AnyTopic][];

const id = fc.stringMatching(/^[a-z0-9-]{1,64}$/);
const level = fc.oneof(
  id,
  fc.constantFrom(
    "",
    "+",
    "#",
    "$share",
    "__proto__",
    "constructor",
    "frame",
    "Ω",
    "A",
    "a b",
    "a\u0000b",
    "a".repeat(65),
  ),
  fc.string({ unit: "binary", maxLength: 8 }),
);

/** Names of the levels of a pattern, and whether each may be left out. */
function levelsOf({ pattern }: AnyTopic): { name: string; optional: boolean }[] {
  return [...pattern.matchAll(/\{(\w+)(\?)?\}/g)].map(([, name, optional]) => ({
    name: name!,
    optional: optional !== undefined,
  }));
}

function paramsOf(topicUnderTest: AnyTopic): fc.Arbitrary<Record<string, string>> {
  const fields = levelsOf(topicUnderTest).map(({ name, optional }) => {
    return [name, optional ? fc.option(id, { nil: undefined }) : id] as const;
  });
  return fc.record(Object.fromEntries(fields)).map((params: Record<string, string | undefined>) => {
    const given = Object.entries(params).filter(([, value]) => value !== undefined);
    return Object.fromEntries(given) as Record<string, string>;
  });
}

/** MQTT's own rule of matching, [MQTT-4.7.1], written apart from the code under test. */
function mqttMatches(filter: string, name: string): boolean {
  const levels = name.split("/");
  const parts = filter.split("/");
  for (const [index, part] of parts.entries()) {
    if (part === "#") return true;
    if (index >= levels.length || (part !== "+" && part !== levels[index])) return false;
  }
  return parts.length === levels.length;
}

function throwsTopicInvalid(action: () => unknown): void {
  assert.throws(action, (error) => isMeanetError(error, "TOPIC_INVALID"));
}

for (const [name, one] of all) {
  describe(`topic ${name}`, () => {
    test("gives back the levels it was formatted from", () => {
      fc.assert(
        fc.property(paramsOf(one), (params) => {
          assert.deepEqual({ ...one.match(one.format(params)) }, params);
        }),
      );
    });

    test("is caught by its own filter, with any levels fixed", () => {
      fc.assert(
        fc.property(paramsOf(one), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (params, keep) => {
          const fixed = Object.fromEntries(Object.entries(params).filter((_, index) => keep[index]));
          assert.ok(mqttMatches(one.filter(fixed), one.format(params)));
        }),
      );
    });

    test("matches no other topic of the protocol", () => {
      fc.assert(
        fc.property(paramsOf(one), (params) => {
          const spelled = one.format(params);
          const matching = all
            .filter(([, other]) => other.match(spelled) !== undefined)
            .map(([other]) => other);
          assert.deepEqual(matching, [name]);
        }),
        { numRuns: 30 },
      );
    });

    test("formats nothing that it would not match", () => {
      const hostile = fc.record(Object.fromEntries(levelsOf(one).map(({ name: field }) => [field, level])));
      fc.assert(
        fc.property(hostile, (params) => {
          if (Object.values(params).every(isId)) return;
          throwsTopicInvalid(() => one.format(params));
          throwsTopicInvalid(() => one.filter(params));
        }),
      );
    });

    test("matches a hostile name only when every level is an id", () => {
      fc.assert(
        fc.property(fc.array(level, { maxLength: 6 }), (levels) => {
          const params = one.match(["meanet", "v1", ...levels].join("/"));
          assert.ok(params === undefined || Object.values<string>(params).every(isId));
        }),
      );
    });
  });
}

test("a name of 64 KiB is another topic", () => {
  for (const name of ["/".repeat(65_535), "a".repeat(65_535), `meanet/v1/lab/${"x".repeat(65_000)}/frame`]) {
    for (const [, one] of all) assert.equal(one.match(name), undefined);
  }
});

test("a level that is missing is named", () => {
  const complex = topics.complex as unknown as AnyTopic;
  assert.throws(() => complex.format({ site: "lab", edge: "edge-1" }), /id undefined of topic/);
});

test("a prefix with wildcards, empty levels, control characters or without end is refused", () => {
  for (const root of [
    "",
    "/",
    "a/",
    "/a",
    "a//b",
    "a/+",
    "#",
    "$SYS",
    "a\u0000",
    "a\nb",
    "\ud800",
    "x".repeat(201),
  ]) {
    throwsTopicInvalid(() => topic(root, "{site}/x", bytes, { qos: 0, retain: false }));
  }
});

test("a prefix may hold spaces and any script", () => {
  const one = topic("Werk Süd/линия 1", "{site}/x", bytes, { qos: 0, retain: false });
  assert.deepEqual({ ...one.match(one.format({ site: "lab" })) }, { site: "lab" });
});

test("a share group is an id", () => {
  assert.equal(sharedFilter("workers", "a/#"), "$share/workers/a/#");
  for (const group of ["", "a/b", "+", "#", "__proto__", "x".repeat(81)])
    throwsTopicInvalid(() => sharedFilter(group, "a"));
});
