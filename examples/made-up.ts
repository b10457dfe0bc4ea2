// Data that the examples of tasks make themselves, since none of the real sets is at hand: sentences about people who do not
// exist, the same for the same count. A row says who, as what, where and for whom; from it come tags, questions, choices,
// pairs.
import { ClassLabel, Dataset, List } from "attune/datasets";

const FIRST = ["Ada", "Bert", "Clara", "David", "Elena", "Frank", "Grace", "Henry", "Irene", "Jonas", "Karen", "Louis"];
const LAST = ["Adams", "Baker", "Carter", "Dawson", "Ellis", "Fisher", "Grant", "Hayes", "Irving", "Jensen", "King"];
const CITY = ["Paris", "London", "Berlin", "Madrid", "Rome", "Vienna", "Prague", "Oslo", "Dublin"];
const COMPANY = ["Northwind", "Contoso", "Initech", "Globex", "Umbrella", "Hooli", "Acme"];
const JOB = ["a baker", "an engineer", "a teacher", "a lawyer", "a doctor", "a painter", "a pilot", "a cook"];

interface Fact {
  readonly person: string;
  readonly job: string;
  readonly city: string;
  readonly company: string;
}

/** Fact number i; the factors have no common divisor with the lists' lengths, so that combinations vary. */
function fact(i: number): Fact {
  const pick = (list: readonly string[], step: number) => list[(i * step + Math.floor(i / list.length)) % list.length];
  return {
    person: `${pick(FIRST, 5)} ${pick(LAST, 3)}`,
    job: pick(JOB, 3),
    city: pick(CITY, 2),
    company: pick(COMPANY, 3),
  };
}

const SENTENCES: readonly ((fact: Fact) => string)[] = [
  ({ person, job, city, company }) => `${person} works as ${job} for ${company} in ${city} .`,
  ({ person, city, company, job }) => `In ${city} , ${company} pays ${person} , ${job} .`,
  ({ person, city, company, job }) => `${company} sent ${person} to ${city} as ${job} .`,
];

const sentence = (i: number) => SENTENCES[i % SENTENCES.length](fact(i));

/** Numbers of the rows of a split: those of `test` are none of `train`'s. */
function numbers(count: number, split: "train" | "test"): number[] {
  return Array.from({ length: count }, (_, i) => (split === "train" ? i : 1000 + i));
}

export const TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-ORG", "I-ORG"];

/** Words with tags of people, places and companies, as CoNLL-2003 has them: `tokens`, `ner_tags`. */
export function tagged(count: number, split: "train" | "test"): Dataset {
  const rows = numbers(count, split).map((i) => {
    const { person, city, company } = fact(i);
    const tokens = sentence(i).split(" ");
    const ner_tags = tokens.map((token, at) => {
      const name = person.split(" ").indexOf(token);
      if (name >= 0) return tokens[at - 1] === person.split(" ")[0] ? 2 : 1;
      if (token === city) return 3;
      return token === company ? 5 : 0;
    });
    return { tokens, ner_tags };
  });
  return Dataset.fromRows(rows, { features: { ner_tags: new List(new ClassLabel({ names: TAGS })) } }) as Dataset;
}

/** Questions on a text of three sentences, of which every fifth has no answer: SQuAD 2's columns. */
export function questions(count: number, split: "train" | "test"): Dataset {
  const rows = numbers(count, split).map((i) => {
    const about = 3 * i + (i % 3);
    const context = [3 * i, 3 * i + 1, 3 * i + 2].map(sentence).join(" ");
    const { person, city, company } = fact(about);
    const kinds = [
      { question: `Where does ${person} work ?`, answer: city },
      { question: `Who pays ${person} ?`, answer: company },
    ];
    const { question, answer } = kinds[i % 2];
    if (i % 5 === 4) {
      const nobody = "Who owns the moon ?";
      return {
        id: `${split}-${i}`,
        question: nobody,
        context,
        answers: { text: [] as string[], answer_start: [] as number[] },
      };
    }
    const begins = context.indexOf(answer, context.indexOf(sentence(about)));
    return { id: `${split}-${i}`, question, context, answers: { text: [answer], answer_start: [begins] } };
  });
  return Dataset.fromRows(rows) as Dataset;
}

/** A text and four ways to go on, one of them right: `question`, `choices`, `label`. */
export function choices(count: number, split: "train" | "test"): Dataset {
  const rows = numbers(count, split).map((i) => {
    const { person, job, city } = fact(i);
    const label = (i * 7) % 4;
    const others = CITY.filter((other) => other !== city);
    const all = Array.from(
      { length: 4 },
      (_, at) => `so that is where to meet ${person} : ${at === label ? city : others[(i + at) % others.length]} .`,
    );
    return { question: `${person} is ${job} in ${city} .`, choices: all, label };
  });
  return Dataset.fromRows(rows) as Dataset;
}

/** Plain text: `text`. */
export function texts(count: number, split: "train" | "test"): Dataset {
  return Dataset.fromRows(numbers(count, split).map((i) => ({ text: sentence(i) }))) as Dataset;
}

/** Questions with the sentences that answer them, and a sentence that does not: `anchor`, `positive`, `negative`. */
export function pairs(count: number, split: "train" | "test"): Dataset {
  const rows = numbers(count, split).map((i) => {
    const { person, city } = fact(i);
    const negative = sentence(i + 1).replace(fact(i + 1).city, city); // the same place, somebody else: a hard one
    return { anchor: `What does ${person} do ?`, positive: sentence(i), negative };
  });
  return Dataset.fromRows(rows) as Dataset;
}
