// The page: loads the exported folder beside it (models/NAME) into transformers.js, and classifies the pairs that stand in
// the text field. ?model=NAME&dtype=q8 says which folder and which of its files; nothing comes from another site.
import { AutoModelForSequenceClassification, AutoTokenizer, env, softmax } from "@huggingface/transformers";
import factory from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";

env.allowRemoteModels = false;
env.allowLocalModels = true;
env.localModelPath = new URL("models/", location.href).pathname;
env.backends.onnx.wasm.wasmPaths = { mjs: factory, wasm };

const query = new URLSearchParams(location.search);
const name = query.get("model") ?? "exported";
const dtype = query.get("dtype") ?? "q8";

const form = document.querySelector("form");
const table = document.querySelector("table");
const status = form.querySelector("output");
const button = form.querySelector("button");

/** The best label of each pair, with its probability. */
async function classify(tokenizer, model, pairs) {
  const firsts = pairs.map(([first]) => first);
  const seconds = pairs.map(([, second]) => second);
  const inputs = tokenizer(firsts, { text_pair: seconds, padding: true, truncation: true });
  const { logits } = await model(inputs);
  return logits.tolist().map((row) => {
    const scores = softmax(row);
    const best = scores.indexOf(Math.max(...scores));
    return { label: model.config.id2label[best], score: scores[best] };
  });
}

function show(pairs, answers) {
  const rows = answers.map(({ label, score }, i) => {
    const row = document.createElement("tr");
    for (const text of [label, score.toFixed(6), pairs[i].join(" | ")]) {
      row.appendChild(document.createElement("td")).textContent = text;
    }
    return row;
  });
  table.tBodies[0].replaceChildren(...rows);
  table.hidden = false;
}

try {
  const tokenizer = await AutoTokenizer.from_pretrained(name);
  const model = await AutoModelForSequenceClassification.from_pretrained(name, { dtype });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    status.textContent = "Classifying ...";
    const lines = form.elements.pairs.value.split("\n").filter((line) => line.includes("|"));
    const pairs = lines.map((line) => line.split("|", 2).map((part) => part.trim()));
    const start = performance.now();
    try {
      show(pairs, await classify(tokenizer, model, pairs));
      status.textContent = `${pairs.length} pairs in ${Math.round(performance.now() - start)} ms`;
    } catch (error) {
      status.textContent = `Failed: ${error.message}`;
    }
  });
  status.textContent = "Ready.";
  button.disabled = false;
} catch (error) {
  status.textContent = `Failed: ${error.message}`;
}
