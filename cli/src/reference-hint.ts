import type { Bundle, Dataset } from "@meanet/models";

/** Says how a bundle gets the reference frames that it was made without, because its data may not be passed on; once, to people. */
export function tellReferenceHint(
  { name, redistributable }: Pick<Dataset, "name" | "redistributable">,
  { dir, files }: Pick<Bundle, "dir" | "files">,
): void {
  if (redistributable || files.reference !== undefined) return;
  console.error(
    `frames of ${name} may not be passed on, so the bundle has none; for an edge that learns in service, on this machine: meanet bundle reference ${dir} --data DIR`,
  );
}
