// The page's side of the protocol.
import type { EvaluationDetails } from "../../trainer/details/types.js";
import type {
  CsvRequest,
  RunAnswer,
  RunsAnswer,
  RunsEvent,
  SearchAnswer,
  SeriesAnswer,
  SeriesRequest,
} from "../protocol.js";

/** The server has said no. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

async function ask(path: string, question?: object): Promise<Response> {
  const post = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question) };
  const response = await fetch(path, question === undefined ? {} : post);
  if (!response.ok) throw new Refused(response.status, (await response.text()).trim());
  return response;
}

async function askJson<Answer>(path: string, question?: object): Promise<Answer> {
  return (await (await ask(path, question)).json()) as Answer;
}

export const server = {
  runs: () => askJson<RunsAnswer>("api/runs"),
  run: (id: string) => askJson<RunAnswer>(`api/run?${new URLSearchParams({ id })}`),
  evaluation: (id: string, name: string) =>
    askJson<EvaluationDetails>(`api/evaluation?${new URLSearchParams({ id, name })}`),
  search: (id: string) => askJson<SearchAnswer>(`api/search?${new URLSearchParams({ id })}`),
  series: (question: SeriesRequest) => askJson<SeriesAnswer>("api/series", question),
  csv: async (question: CsvRequest) => (await ask("api/csv", question)).blob(),
};

export interface Connection {
  /** The server answers, after it had not or for the first time. */
  readonly onOpen: () => void;
  readonly onRuns: (event: RunsEvent) => void;
  /** It does not; it is tried on. */
  readonly onLost: () => void;
}

const RETRY_MS = 1500;

/** Listens to the server's events for as long as the page is open, whatever happens to the server. */
export function connect({ onOpen, onRuns, onLost }: Connection): void {
  const source = new EventSource("api/events");
  source.addEventListener("open", onOpen);
  source.addEventListener("runs", (event) => onRuns(JSON.parse((event as MessageEvent<string>).data) as RunsEvent));
  source.addEventListener("error", () => {
    onLost();
    if (source.readyState !== EventSource.CLOSED) return; // it tries by itself
    window.setTimeout(() => connect({ onOpen, onRuns, onLost }), RETRY_MS);
  });
}
