/**
 * As much of Jinja as our templates need, so that tests can see what Home Assistant would. Written against Jinja's own documentation
 * and without a look at how the templates are made: what it does not know it refuses.
 *
 *     variables and attributes   value, value_json.a.b; one that is missing is undefined, and an attribute of that an error
 *     a['b'], a.values()         an item; values of an object
 *     a == 'text'                gives True or False
 *     a + b, a if b is defined else c, (a)[:3], a | filter(…)
 *     filters                    default, sum, join, replace, string
 *
 * @see https://jinja.palletsprojects.com/en/stable/templates/
 */
export function renderTemplate(template: string, payload: string): string {
  const context: Record<string, unknown> = { value: payload };
  try {
    context.value_json = JSON.parse(payload);
  } catch {
    // As in Home Assistant: then there is no value_json.
  }
  return template.replace(/\{\{(.*?)\}\}/g, (_match, source: string) => {
    const parser = new Parser(source, context);
    return text(parser.whole());
  });
}

const DICTIONARY_METHODS = ["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "values"];

const TOKEN = /\s*(?:(\d+(?:\.\d+)?)|'([^']*)'|([A-Za-z_]\w*)|(==|[.()[\]:+|,]))/y;

type Token = { readonly type: "number" | "text" | "name" | "sign" | "end"; readonly text: string };

class Parser {
  readonly #tokens: Token[] = [];
  readonly #context: Readonly<Record<string, unknown>>;
  #next = 0;

  constructor(source: string, context: Readonly<Record<string, unknown>>) {
    this.#context = context;
    TOKEN.lastIndex = 0;
    while (source.slice(TOKEN.lastIndex).trim() !== "") {
      const at = TOKEN.lastIndex;
      const match = TOKEN.exec(source);
      if (match === null) throw new Error(`template: cannot read ${source.slice(at)}`);
      const [, number, quoted, name, sign] = match;
      if (number !== undefined) this.#tokens.push({ type: "number", text: number });
      else if (quoted !== undefined) this.#tokens.push({ type: "text", text: quoted });
      else if (name !== undefined) this.#tokens.push({ type: "name", text: name });
      else this.#tokens.push({ type: "sign", text: sign! });
    }
  }

  whole(): unknown {
    const value = this.#conditional();
    if (this.#peek().type !== "end") throw new Error(`template: unexpected ${this.#peek().text}`);
    return value;
  }

  /** `a if b is defined else c`: only the chosen one is evaluated, the condition stands behind. */
  #conditional(): unknown {
    const start = this.#next;
    const condition = this.#tokens.findIndex(({ type, text: word }) => type === "name" && word === "if");
    if (condition < 0 || start !== 0) return this.#comparison();
    this.#next = condition + 1;
    const tested = this.#comparison();
    for (const word of ["is", "defined", "else"]) this.#expect(word);
    if (tested === undefined) return this.#comparison();
    this.#next = start;
    const value = this.#comparison();
    this.#next = this.#tokens.length;
    return value;
  }

  #comparison(): unknown {
    const left = this.#sum();
    return this.#accept("==") ? left === this.#sum() : left;
  }

  #sum(): unknown {
    let value = this.#filtered();
    while (this.#accept("+")) {
      const other = this.#filtered();
      if (typeof value !== "number" || typeof other !== "number")
        throw new Error("template: + of no numbers");
      value += other;
    }
    return value;
  }

  #filtered(): unknown {
    let value = this.#primary();
    while (this.#accept("|")) {
      const name = this.#take("name");
      const given: string[] = [];
      if (this.#accept("(")) {
        while (!this.#accept(")")) {
          given.push(this.#take("text"));
          this.#accept(",");
        }
      }
      value = filter(name, value, given);
    }
    return value;
  }

  #primary(): unknown {
    let value: unknown;
    if (this.#accept("(")) {
      value = this.#comparison();
      this.#expect(")");
    } else if (this.#peek().type === "text") value = this.#take("text");
    else if (this.#peek().type === "number") value = Number(this.#take("number"));
    else value = this.#context[this.#take("name")];
    while (true) {
      if (this.#accept(".")) value = this.#attribute(value);
      else if (this.#accept("[")) {
        if (this.#peek().type === "text") {
          if (value === undefined) throw new Error("template: a key of nothing");
          value = (value as Record<string, unknown>)[this.#take("text")];
          this.#expect("]");
          continue;
        }
        this.#expect(":");
        const end = Number(this.#take("number"));
        this.#expect("]");
        value = Array.from(value as string)
          .slice(0, end)
          .join("");
      } else return value;
    }
  }

  #attribute(value: unknown): unknown {
    const name = this.#take("name");
    if (value === undefined) throw new Error(`template: attribute ${name} of nothing`);
    if (!this.#accept("(")) {
      // What a Python dictionary has of its own hides a key of that name.
      if (DICTIONARY_METHODS.includes(name)) throw new Error(`template: ${name} is a method`);
      return (value as Record<string, unknown>)[name];
    }
    this.#expect(")");
    if (name !== "values") throw new Error(`template: unknown method ${name}`);
    return Object.values(value as object);
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { type: "end", text: "" };
  }

  #accept(sign: string): boolean {
    if (this.#peek().text !== sign || this.#peek().type === "text") return false;
    this.#next += 1;
    return true;
  }

  #expect(word: string): void {
    if (!this.#accept(word)) throw new Error(`template: expected ${word}, found ${this.#peek().text}`);
  }

  #take(type: Token["type"]): string {
    const token = this.#peek();
    if (token.type !== type) throw new Error(`template: expected a ${type}, found ${token.text}`);
    this.#next += 1;
    return token.text;
  }
}

function filter(name: string, value: unknown, [first = "", second = ""]: readonly string[]): unknown {
  switch (name) {
    case "default":
      return value === undefined ? first : value;
    case "sum":
      return (value as number[]).reduce((sum, number) => sum + number, 0);
    case "join":
      return (value as unknown[]).map(text).join(first);
    case "replace":
      return text(value).replaceAll(first, second);
    case "string":
      return text(value);
    default:
      throw new Error(`template: unknown filter ${name}`);
  }
}

/** As Python writes it. */
function text(value: unknown): string {
  if (value === undefined) return "";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? value : JSON.stringify(value);
}
