// pushToHub on what users have in hand, and `attune push`: what the Hub holds afterwards, and what Python's card has.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { Trainer } from "../../src/trainer/index.js";
import { RunPublisher } from "../../src/trainer/publish.js";
import { attune, writeCheckpoint } from "../cli/run.js";
import { temporaryFolder, tinyModel, tokenized, tokenizer } from "../trainer/tiny.js";
import { hubVariables, loopback, quick } from "./loopback.js";
import { commitAt, smallFile } from "./server/repositories.js";

const context = loopback("hub-push");
const folder = temporaryFolder("hub-push-files");

beforeAll(async () => {
  context.hub.accounts.set("hf_ann", { name: "ann" });
  await writeCheckpoint(join(folder, "model"));
});

beforeEach(() => {
  process.env.HF_TOKEN = "hf_ann";
});

function frontMatter(text: string): Record<string, unknown> {
  return parse(/^---\n(.*?)\n---\n/s.exec(text)?.[1] ?? "") as Record<string, unknown>;
}

function titles(id: string): string[] {
  return [...(context.hub.repositories.get(`models/${id}`)?.commits.values() ?? [])].map(({ title }) => title);
}

describe("a model and its tokenizer", () => {
  it("are published into one repository, with a card, and load from there", async () => {
    const { hub } = context;
    const model = tinyModel();
    const { url } = await model.pushToHub("tiny", { private: true });
    expect(url).toBe(`${hub.endpoint}/ann/tiny`);
    await tokenizer.pushToHub("ann/tiny");
    expect([...hub.files("model", "ann/tiny").keys()].sort()).toEqual(
      [".gitattributes", "README.md", "config.json", "model.safetensors"]
        .concat("special_tokens_map.json", "tokenizer.json", "tokenizer_config.json")
        .sort(),
    );
    expect(titles("ann/tiny")).toEqual(["initial commit", "Upload model", "Upload tokenizer"]);
    const card = await hub.text("model", "ann/tiny", "README.md");
    expect(frontMatter(card)).toEqual({ library_name: "transformers", tags: ["bert", "attune"] });
    expect(card).toContain('await AutoModelForSequenceClassification.fromPretrained("ann/tiny")');
    const again = await AutoModelForSequenceClassification.fromPretrained("ann/tiny");
    const loaded = await AutoTokenizer.fromPretrained("ann/tiny");
    const batch = loaded("a bad day", undefined, { returnTensors: true, padding: true });
    expect(await again.forward({ ...batch }).logits.data()).toEqual(await model.forward({ ...batch }).logits.data());
  });

  it("leave a card that is there alone", async () => {
    const { hub } = context;
    hub.add("model", "ann/written", new Map([["README.md", smallFile("mine")]]));
    await tinyModel().pushToHub("ann/written");
    expect(await hub.text("model", "ann/written", "README.md")).toBe("mine");
  });

  it("that cannot be published stay in a folder that the message names", async () => {
    context.hub.fault = ({ path }) => (path.includes("/commit/") ? { status: 500 } : undefined);
    const error = await tinyModel()
      .pushToHub("ann/refused", quick)
      .catch((reason: Error) => reason);
    const [, kept] = /nothing is lost: (\S+) holds all of it. Try again with `attune push/.exec(String(error)) ?? [];
    expect(readdirSync(kept).sort()).toEqual(["README.md", "config.json", "model.safetensors"]);
  });
});

describe("a Trainer", () => {
  it("publishes its folder, with results in the card as the Hub reads them", async () => {
    const { hub } = context;
    const outputDir = join(folder, "bert-feelings");
    const data = tokenized(24);
    const trainer = new Trainer({
      model: tinyModel(),
      args: { outputDir, numTrainEpochs: 2, evalStrategy: "epoch", disableTqdm: true },
      trainDataset: data,
      evalDataset: data,
      processingClass: tokenizer,
      computeMetrics: ({ predictions }) => ({ accuracy: predictions.shape[0] / 24 }),
      card: {
        baseModel: "ann/base",
        dataset: "nyu-mll/glue",
        datasetConfig: "sst2",
        datasetSplit: "validation",
        task: "text-classification",
        license: "apache-2.0",
        language: "en",
      },
    });
    await trainer.train();
    const { id } = await trainer.pushToHub();
    expect(id).toBe("ann/bert-feelings");
    const files = [...hub.files("model", id).keys()];
    expect(files).toEqual(expect.arrayContaining(["README.md", "config.json", "model.safetensors", "tokenizer.json"]));
    expect(files.filter((path) => path.startsWith("checkpoint-"))).toEqual([]);
    const card = await hub.text("model", id, "README.md");
    expect(frontMatter(card)).toEqual({
      library_name: "transformers",
      language: "en",
      license: "apache-2.0",
      base_model: "ann/base",
      tags: ["generated_from_trainer", "attune"],
      datasets: ["nyu-mll/glue"],
      metrics: ["accuracy"],
      "model-index": [
        {
          name: "bert-feelings",
          results: [
            {
              task: { name: "Text Classification", type: "text-classification" },
              dataset: {
                name: "nyu-mll/glue",
                type: "nyu-mll/glue",
                config: "sst2",
                args: "sst2",
                split: "validation",
              },
              metrics: [{ name: "Accuracy", type: "accuracy", value: 1 }],
            },
          ],
        },
      ],
    });
    expect(card).toMatch(/### Training hyperparameters\n\n- learning_rate: /);
    expect(card).toMatch(/### Training results\n\n\| Training Loss \| Epoch/);
    expect(card).toMatch(/### Framework versions\n\n- Attune \d/);
    expect(card).toContain("[ann/base](https://huggingface.co/ann/base)");
  });

  it("publishes by its arguments, while it trains and at the end; without a login it says so before it starts", async () => {
    const { hub } = context;
    const data = tokenized(16);
    const make = (name: string) =>
      new Trainer({
        model: tinyModel(),
        args: {
          outputDir: join(folder, name),
          numTrainEpochs: 2,
          saveStrategy: "epoch",
          pushToHub: true,
          hubModelId: `ann/${name}`,
          hubPrivateRepo: true,
        },
        trainDataset: data,
        processingClass: tokenizer,
      });
    await make("by-arguments").train();
    expect(hub.repositories.get("models/ann/by-arguments")?.private).toBe(true);
    const made = titles("ann/by-arguments");
    expect(made).toEqual(expect.arrayContaining(["initial commit", "Training in progress, step 2", "End of training"]));
    expect(made.at(-1)).toBe("End of training");
    expect(
      [...hub.files("model", "ann/by-arguments").keys()].filter((path) => /checkpoint|optimizer/.test(path)),
    ).toEqual([]);
    process.env.HF_TOKEN = "";
    await expect(make("without-login").train()).rejects.toThrow(/publishing needs a login/);
    expect(existsSync(join(folder, "without-login"))).toBe(false);
  });

  it("that is refused has saved all of it, and says how to try again", async () => {
    const outputDir = join(folder, "refused");
    const trainer = new Trainer({ model: tinyModel(), args: { outputDir }, processingClass: tokenizer });
    process.env.HF_TOKEN = "";
    await expect(trainer.pushToHub("ann/refused-run")).rejects.toThrow(
      /publishing needs a login.*Try again with `attune push .*refused ann\/refused-run`/,
    );
    expect(existsSync(join(outputDir, "model.safetensors"))).toBe(true);
  });
});

describe("publishing while training goes on", () => {
  it("takes saves one after another, the newest of those that wait, and all of it at the end", async () => {
    const { hub } = context;
    const publisher = new RunPublisher("ann/saves", "every_save");
    const steps = [1, 2, 3];
    for (const step of steps) {
      await writeCheckpoint(join(folder, `saves/checkpoint-${step}`));
      writeFileSync(join(folder, `saves/checkpoint-${step}/optimizer.pt`), "state");
      writeFileSync(join(folder, `saves/checkpoint-${step}/note.txt`), `step ${step}`);
    }
    await writeCheckpoint(join(folder, "saves"));
    writeFileSync(join(folder, "saves/note.txt"), "end");
    for (const step of steps) publisher.saved(join(folder, `saves/checkpoint-${step}`), step);
    await publisher.finish(join(folder, "saves"));
    expect(titles("ann/saves").slice(1)).toEqual(["Training in progress, step 1", "End of training"]);
    expect([...hub.files("model", "ann/saves").keys()]).not.toContain("optimizer.pt");
  });

  it("puts checkpoints where Python puts them", async () => {
    for (const [strategy, places] of [
      ["checkpoint", ["last-checkpoint/optimizer.pt"]],
      ["all_checkpoints", ["checkpoint-1/optimizer.pt", "checkpoint-2/optimizer.pt"]],
    ] as const) {
      const publisher = new RunPublisher(`ann/${strategy}`, strategy);
      for (const step of [1, 2]) publisher.saved(join(folder, `saves/checkpoint-${step}`), step);
      await publisher.finish(join(folder, "saves"));
      const paths = [...context.hub.files("model", `ann/${strategy}`).keys()];
      expect(paths.filter((path) => path.endsWith("optimizer.pt"))).toEqual(places);
    }
  });

  it("goes on without the Hub, and reports at the end", async () => {
    context.hub.fault = () => ({ status: 500 });
    const publisher = new RunPublisher("ann/down", "every_save", quick);
    publisher.saved(join(folder, "saves/checkpoint-1"), 1);
    await expect(publisher.finish(join(folder, "saves"))).rejects.toMatchObject({ kind: "server" });
  });
});

describe("attune push", () => {
  it("lists with --dry-run, asking nothing, and publishes", async () => {
    const { hub } = context;
    const env = { ...hubVariables(hub, context.home), HF_HUB_OFFLINE: "", HF_TOKEN: "hf_ann" };
    const source = join(folder, "model");
    const dry = await attune(["push", source, "ann/cli", "--dry-run", "--exclude", "special*"], { env });
    expect(dry.stdout).toMatch(/ kB {2}model.safetensors\n.*tokenizer.json\n/s);
    expect(dry.stdout).toMatch(/4 files, .* would go to the model ann\/cli. Nothing was published.\n$/);
    expect(hub.seen).toEqual([]);
    const done = await attune(["push", source, "ann/cli", "--private", "--message", "From a terminal"], { env });
    expect(done).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^5 files: http.*\/ann\/cli\/commit\/[0-9a-f]{40}\n$/),
    });
    const repository = hub.repositories.get("models/ann/cli");
    expect(repository?.private).toBe(true);
    expect(repository && commitAt(repository, "main")?.title).toBe("From a terminal");
    expect(done.stdout + done.stderr).not.toContain("hf_ann");
    expect((await attune(["push", source, "ann/cli"], { env })).stdout).toMatch(/has all of it already\n$/);
  });
});
