import { readFileSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { ClassLabel, type Feature, LargeList, List, Value } from "../../src/datasets/index.js";
import { featureFromJson, featuresFromYaml } from "../../src/datasets/read-features.js";
import { ConfigError, DataError } from "../../src/support/errors.js";
import { describeShared, sharedJson } from "../shared.js";

describe("ClassLabel", () => {
  const label = new ClassLabel({ names: ["not_equivalent", "equivalent"] });

  it("turns classes into names and names into classes", () => {
    expect(label.int2str(1)).toBe("equivalent");
    expect(label.int2str([1, 0])).toEqual(["equivalent", "not_equivalent"]);
    expect(label.str2int("not_equivalent")).toBe(0);
    expect(label.str2int(["equivalent", "equivalent"])).toEqual([1, 1]);
    expect(label.numClasses).toBe(2);
  });

  it("refuses what is no class, with the classes there are", () => {
    expect(() => label.int2str(2)).toThrow(DataError);
    expect(() => label.int2str(2)).toThrow(
      '2 is not a class: the 2 classes, from 0, are "not_equivalent", "equivalent"',
    );
    expect(() => label.int2str(-1)).toThrow(DataError);
    expect(() => label.int2str(0.5)).toThrow(DataError);
    expect(() => label.str2int("equivalant")).toThrow('did you mean "equivalent"?');
  });

  it("refuses two classes of one name", () => {
    expect(() => new ClassLabel({ names: ["a", "b", "a"] })).toThrow('"a" stands twice');
  });

  it("prints as it is written", () => {
    expect(inspect(label)).toBe("ClassLabel { names: [ 'not_equivalent', 'equivalent' ] }");
  });
});

describe("Value", () => {
  it("knows Arrow's dtypes, also under their older names, and no others", () => {
    expect(new Value("timestamp[ms, tz=UTC]").dtype).toBe("timestamp[ms, tz=UTC]");
    expect(new Value("double").dtype).toBe("float64");
    expect(() => new Value("itn64")).toThrow(ConfigError);
    expect(() => new Value("itn64")).toThrow('did you mean "int64"?');
  });
});

// JSON as Python's Features.to_dict writes it (datasets 5.2.0), and what it stands for
const forms: [string, object, Feature][] = [
  ["a value", { dtype: "string", _type: "Value" }, new Value("string")],
  ["a class label", { names: ["no", "yes"], _type: "ClassLabel" }, new ClassLabel({ names: ["no", "yes"] })],
  ["a list", { feature: { dtype: "int32", _type: "Value" }, _type: "List" }, new List(new Value("int32"))],
  [
    "a large list",
    { feature: { dtype: "int32", _type: "Value" }, _type: "LargeList" },
    new LargeList(new Value("int32")),
  ],
  [
    "a list of fixed length",
    { feature: { dtype: "float32", _type: "Value" }, length: 3, _type: "List" },
    new List(new Value("float32"), { length: 3 }),
  ],
  [
    "a struct",
    { text: { dtype: "string", _type: "Value" }, start: { dtype: "int64", _type: "Value" } },
    { text: new Value("string"), start: new Value("int64") },
  ],
];

describe("features as JSON", () => {
  it.each(forms)("%s is read and written", (_, json, feature) => {
    expect(featureFromJson(json)).toEqual(feature);
    expect(JSON.parse(JSON.stringify(feature))).toEqual(json);
  });

  it("reads the older forms of lists", () => {
    const value = { dtype: "string", _type: "Value" };
    expect(featureFromJson({ feature: value, length: -1, id: null, _type: "Sequence" })).toEqual(
      new List(new Value("string")),
    );
    expect(featureFromJson([value])).toEqual(new List(new Value("string")));
    expect(featureFromJson({ feature: { text: value }, _type: "Sequence" })).toEqual({
      text: new List(new Value("string")),
    });
  });

  it("names what it does not know", () => {
    expect(() => featureFromJson({ _type: "Picture" })).toThrow("the feature Picture is not known");
    expect(() => featureFromJson({ names: [1, 2], _type: "ClassLabel" })).toThrow(ConfigError);
    expect(() => featureFromJson("string")).toThrow(ConfigError);
  });
});

describe("features in a dataset card", () => {
  it("are read in each of their forms", () => {
    const yaml = [
      { name: "sentence", dtype: "string" },
      { name: "label", dtype: { class_label: { names: { "1": "yes", "0": "no" } } } },
      { name: "tokens", list: "string" },
      { name: "tags", sequence: { class_label: { names: { "0": "O", "1": "B" } } } },
      { name: "vector", list: "float32", length: 3 },
      { name: "answer", struct: [{ name: "text", dtype: "string" }] },
      { name: "answers", sequence: [{ name: "text", dtype: "string" }] },
      { name: "spans", list: [{ name: "start", dtype: "int64" }] },
    ];
    expect(featuresFromYaml(yaml)).toEqual({
      sentence: new Value("string"),
      label: new ClassLabel({ names: ["no", "yes"] }),
      tokens: new List(new Value("string")),
      tags: new List(new ClassLabel({ names: ["O", "B"] })),
      vector: new List(new Value("float32"), { length: 3 }),
      answer: { text: new Value("string") },
      answers: { text: new List(new Value("string")) }, // a sequence of structs is a struct of lists
      spans: new List({ start: new Value("int64") }),
    });
  });

  it("name what is wrong with them", () => {
    expect(() => featuresFromYaml([{ dtype: "string" }])).toThrow(/has no name/);
    expect(() => featuresFromYaml({ a: 1 })).toThrow(ConfigError);
    expect(() => featuresFromYaml([{ name: "x", dtype: { class_label: { names: { "0": "a", "2": "b" } } } }])).toThrow(
      /leave out class 1/,
    );
    expect(() => featuresFromYaml([{ name: "x", dtype: { picture: {} } }])).toThrow(
      '{"picture":{}} does not describe a feature',
    );
  });
});

describe("every kind of feature that Python's datasets writes (python/features.py)", () => {
  const python = JSON.parse(readFileSync(new URL("python/features.json", import.meta.url), "utf8")) as {
    dtypes: string[];
    features: Record<string, unknown>;
  };

  it("comes back as it was", () => {
    const read = featureFromJson(python.features) as Record<string, unknown>;
    expect(JSON.parse(JSON.stringify(read))).toEqual(python.features);
    expect(Object.keys(read)).toEqual(Object.keys(python.features));
    expect(read.unnamed).toEqual(new ClassLabel({ numClasses: 3 }));
  });

  it("Translation is a text for each language", () => {
    const texts = { de: new Value("string"), en: new Value("string") };
    const json = { t: { languages: ["de", "en"], _type: "Translation" } }; // as Features.to_dict and _to_yaml_list give it
    expect({ ...(featureFromJson(json) as Record<string, object>).t }).toEqual(texts);
    const yaml = [{ name: "t", dtype: { translation: { languages: ["de", "en"] } } }];
    expect({ ...featuresFromYaml(yaml).t }).toEqual(texts);
    expect(() => featureFromJson({ t: { _type: "Translation" } })).toThrow(
      "a Translation needs a list of names of languages, not undefined",
    );
  });

  it.each(python.dtypes)("Value of %s", (dtype) => {
    expect(new Value(dtype).dtype).toBe(dtype);
    const label = String(new Value(dtype));
    expect(label).toBe(`Value("${dtype}")`);
  });
});

describe("a ClassLabel's names", () => {
  it("are given, or numbers; and are found with blanks around them, or by their number, as in Python", () => {
    const label = new ClassLabel({ names: ["neg", "pos"] });
    expect(label.str2int([" pos ", "1", "neg", "-1"])).toEqual([1, 1, 0, -1]);
    expect(() => label.str2int("2")).toThrow('"2" is not the name of a class');
    expect(new ClassLabel({ numClasses: 2 }).names).toEqual(["0", "1"]);
    expect(() => new ClassLabel({ names: ["a"], numClasses: 1 } as never)).toThrow(ConfigError);
    expect(() => new ClassLabel({} as never)).toThrow(ConfigError);
    expect(() => new ClassLabel({ numClasses: -1 })).toThrow("numClasses is -1");
  });
});

describeShared("features as Python's save_to_disk writes them", () => {
  it("come back as they were", () => {
    const { features } = sharedJson<{ features: object }>("fixtures/save_to_disk_mrpc/train/dataset_info.json");
    const read = featureFromJson(features);
    expect(read).toHaveProperty("label", new ClassLabel({ names: ["not_equivalent", "equivalent"] }));
    expect(JSON.parse(JSON.stringify(read))).toEqual(features);
    expect(Object.keys(read)).toEqual(["sentence1", "sentence2", "label", "idx"]);
  });
});
