/** The files of `tests/vectors/golden/`: what crosses between JavaScript and Rust, to the letter. */
const files = import.meta.glob<string>("../../../vectors/golden/*.json", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** The file `name` as it crosses: without the white space around it. */
export function golden(name: string): string {
  const text = files[`../../../vectors/golden/${name}.json`];
  if (text === undefined) throw new Error(`There is no golden file ${name}.`);
  return JSON.stringify(JSON.parse(text));
}
