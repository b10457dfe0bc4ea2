// Which columns a function over rows is made to read: those that its source names, and all where it may do more with a row.
import { describe, expect, it } from "vitest";
import { Dataset } from "../../src/datasets/index.js";
import { columnsRead } from "../../src/datasets/verbs/columns-read.js";

const NAMES = ["text", "label", "two words"];
const read = (source: string): string[] | undefined =>
  columnsRead(new Function(`return ${source}`)() as () => unknown, NAMES);

describe("the columns that a function reads", () => {
  it.each([
    ["({ text }) => text.length > 3", ["text"]],
    ["({ label: l, text = '' }) => l > text.length", ["text", "label"]],
    ["({ 'two words': w }) => w", ["two words"]],
    ["row => row.label === 1", ["label"]],
    ["(row, { least }) => row['two words'] > least && row?.text !== null", ["text", "two words"]],
    ["async function (row) { const { text } = row; return text }", ["text"]],
    ["(row, { index }) => index % 2 === 0", []],
    ["(row) => ['a'].some((each) => each === row.text)", ["text"]],
    ["(row) => { row.text = 1; return { text: row.text } }", ["text"]],
    ["({ even({ label }) { return label % 2 === 0 } }).even", ["label"]],
  ])("%s", (source, names) => expect(read(source)).toEqual(names));

  it.each([
    "(row) => JSON.stringify(row).length > 3",
    "(row) => ({ ...row })",
    "({ text, ...others }) => text",
    "(row) => { const { text, ...others } = row; return others }",
    "(row) => { const same = row; return same.label }",
    "(row) => row[Object.keys({ text: 1 })[0]]",
    "({ ['te' + 'xt']: value }) => value",
    "(row) => Object.hasOwn(row, 'label')",
    "(row) => 'label' in row",
    "(row) => row.hasOwnProperty('label')", // no column
    "(row) => { let { text } = other(), other = () => row; return text }",
    "(row, again = row) => again.label",
    "(row = {}) => row.label",
    "([first]) => first",
    "(...rows) => rows[0].label",
    "() => 1",
    "function (row) { return arguments[0].label + row.label }",
    "(row) => eval('row.label')",
    "(function (row) { return row.label }).bind(null)",
    "class { constructor(row) { this.label = row.label } }",
    "Boolean",
  ])("all of them: %s", (source) => expect(read(source)).toBeUndefined());

  it("a row has them, and the others where the function asks in another way", async () => {
    const dataset = Dataset.fromColumns({ text: ["a", "bc"], label: [0, 1] });
    const seen: object[] = [];
    await dataset.filter((row, { seen }) => seen.push({ ...row }) > 0, { with: { seen } });
    expect(seen).toEqual(dataset.slice());
    expect((await dataset.filter((row) => row.text.length > 1)).slice()).toEqual([{ text: "bc", label: 1 }]);
    expect((await dataset.map((row) => ({ half: row.label / 2 }))).slice()).toEqual([
      { text: "a", label: 0, half: 0 },
      { text: "bc", label: 1, half: 0.5 },
    ]);
  });
});
