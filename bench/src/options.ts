import { invalidFlag, parseFlags, wholeNumber } from "./flags.ts";

export interface Options {
  readonly help: boolean;
  /** Frames of each round. */
  readonly frames: number;
  /** Rounds of each case. */
  readonly rounds: number;
  /** Of the file that takes the figures. */
  readonly name: string;
}

export const HELP = `Usage: npm run bench -- [options]

Measures, in one run and on the same frames, the engines alone, a bare MQTT relay, and the whole
pipeline under each policy. Prints a table; writes bench/results/NAME.json.

Options:
  --frames N   frames of each round of the pipeline, five times as many for the engines and the
               relay alone (default: 4000; accuracy is that of the whole sample when N is a
               multiple of its 1000 frames)
  --rounds N   rounds of each case, interleaved; the figures are medians (default: 5)
  --quick      --frames 500 --rounds 1 --name quick, unless given: to see that it works
  --name NAME  name of the file (default: latest)
  --help       this text

Other measurements: npm run bench -- engines --help (a frame's time in each block of a bundle),
npm run bench -- memory --help (memory of training block by block and all at once),
npm run bench -- learning --help (answers of an edge node while it trains),
npm run bench -- soak --help (memory of everything in a long run)`;

/** @throws {MeanetError} CONFIG_INVALID */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseFlags("npm run bench --", {
    args: [...args],
    options: {
      frames: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean" },
      name: { type: "string" },
      help: { type: "boolean" },
    },
  });
  const quick = values.quick === true;
  const name = values.name ?? (quick ? "quick" : "latest");
  if (!/^[a-z0-9-]{1,64}$/.test(name)) throw invalidFlag("--name", name, '1 to 64 of a-z, 0-9 and "-"');
  return {
    help: values.help === true,
    frames: wholeNumber("--frames", values.frames ?? (quick ? "500" : "4000")),
    rounds: wholeNumber("--rounds", values.rounds ?? (quick ? "1" : "5")),
    name,
  };
}
