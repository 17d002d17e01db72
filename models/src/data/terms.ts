/** What the licences say that have no SPDX identifier, for cards and readers. */
const terms: Readonly<Record<string, string>> = {
  "LicenseRef-UCI-HAR":
    "The data set's page at the UCI repository (https://archive.ics.uci.edu/dataset/240) says CC BY 4.0; the README inside its archive says that any commercial use is prohibited. Both are told here, neither is interpreted. Its authors ask to cite D. Anguita, A. Ghio, L. Oneto, X. Parra, J. L. Reyes-Ortiz, *A Public Domain Dataset for Human Activity Recognition Using Smartphones*, ESANN 2013. This bundle came without any frame of it: the inputs in `golden.json` are drawn noise.",
  "LicenseRef-unstated":
    "The data set's authors state no terms of use. This bundle came without any frame of it: the inputs in `golden.json` are drawn noise.",
};

/** The terms of a data set in words; undefined where the identifier of its licence says it all. */
export function termsInWords(licence: string): string | undefined {
  return terms[licence];
}
