"""A text classifier over HTTP as one writes it in Python: FastAPI and uvicorn over transformers. bench/serve.ts starts it.

    fastapi_server.py FOLDER [--batching]

The requests and answers are those of `attune serve`. Without --batching each request is computed by itself, in a thread of
FastAPI's pool, as its documentation has it for functions that compute. With it requests that wait are computed together,
as `attune serve` does. Prints its address once it listens.
"""

import asyncio
import contextlib
import sys

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder, *flags = sys.argv[1:]
batching = "--batching" in flags
MAX_BATCH = 32

tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()


class Input(BaseModel):
    text: str
    textPair: str | None = None


class Body(BaseModel):
    inputs: list[Input]
    topK: int = 1


def classify(inputs: list[Input]) -> list[list[dict]]:
    """All labels of each input, best first."""
    texts = [one.text for one in inputs]
    pairs = [one.textPair for one in inputs] if inputs[0].textPair is not None else None
    batch = tokenizer(texts, pairs, truncation=True, padding=True, return_tensors="pt")
    with torch.inference_mode():
        probabilities = model(**batch).logits.softmax(dim=-1).tolist()
    names = model.config.id2label
    labelled = [[{"label": names[i], "score": score} for i, score in enumerate(row)] for row in probabilities]
    return [sorted(row, key=lambda one: -one["score"]) for row in labelled]


queue: asyncio.Queue = asyncio.Queue()


@contextlib.asynccontextmanager
async def lifespan(_: FastAPI):
    worker = asyncio.create_task(work()) if batching else None
    yield
    if worker:
        worker.cancel()


app = FastAPI(lifespan=lifespan)

if batching:

    async def work() -> None:
        loop = asyncio.get_running_loop()
        while True:
            waiting = [await queue.get()]
            while len(waiting) < MAX_BATCH and not queue.empty():
                waiting.append(queue.get_nowait())
            answers = await loop.run_in_executor(None, classify, [one for one, _ in waiting])
            for (_, answer), labels in zip(waiting, answers):
                answer.set_result(labels)

    @app.post("/predict")
    async def predict(body: Body) -> dict:
        answers = [asyncio.get_running_loop().create_future() for _ in body.inputs]
        for one, answer in zip(body.inputs, answers):
            queue.put_nowait((one, answer))
        return {"predictions": [labels[: body.topK] for labels in await asyncio.gather(*answers)]}

else:

    @app.post("/predict")
    def predict(body: Body) -> dict:
        return {"predictions": [labels[: body.topK] for labels in classify(body.inputs)]}


class Server(uvicorn.Server):
    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        print(f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}", flush=True)


Server(uvicorn.Config(app, port=0, log_level="warning")).run()
