// A grammar of English sentences that knows what they mean. A `Statement` is a meaning: who did what to whom, where and
// when. A `Wording` is one way to say it: which word of each meaning, active or passive, what comes first. Two wordings
// of one statement are a paraphrase; a statement with other meanings in some places, worded alike, is not.
import {
  all,
  type Meaning,
  manners,
  numbers,
  people,
  personAdjectives,
  personVerbs,
  places,
  plural,
  thingAdjectives,
  things,
  thingVerbs,
  times,
  transfers,
} from "./lexicon.js";
import type { Random } from "./random.js";

/** Someone does something to a thing, to a person, or hands a thing to a person. */
type Kind = "thing" | "person" | "transfer";

/** The places of a statement that a meaning fills; `object` is the thing, or the person in a statement about people. */
type Slot =
  | "agent"
  | "agentAdjective"
  | "verb"
  | "object"
  | "objectAdjective"
  | "number"
  | "receiver"
  | "manner"
  | "place"
  | "time";

/** What a sentence says. */
export interface Statement {
  readonly kind: Kind;
  /** The object's article where it has no number. */
  readonly article: "a" | "the";
  readonly meanings: ReadonlyMap<Slot, Meaning>;
}

/** How a statement is said. */
interface Wording {
  /** Which form of each meaning. */
  readonly forms: ReadonlyMap<Slot, number>;
  readonly passive: boolean;
  /** A transfer told from the receiver's side. */
  readonly received: boolean;
  /** The part that opens the sentence instead of closing it. */
  readonly front: "none" | "time" | "place";
  /** Time before place, where both close the sentence. */
  readonly timeFirst: boolean;
  /** The manner closes the clause instead of preceding the verb. */
  readonly mannerLast: boolean;
}

/** Two sentences, and whether they say the same. */
export interface Pair {
  readonly sentences: readonly [string, string];
  readonly equivalent: boolean;
}

// --- meanings

/** The meanings that can fill a place. */
function choices(kind: Kind, slot: Slot): readonly Meaning[] {
  switch (slot) {
    case "agent":
    case "receiver":
      return people;
    case "agentAdjective":
      return personAdjectives;
    case "verb":
      return { thing: thingVerbs, person: personVerbs, transfer: transfers }[kind];
    case "object":
      return kind === "person" ? people : things;
    case "objectAdjective":
      return kind === "person" ? personAdjectives : thingAdjectives;
    case "number":
      return numbers;
    case "manner":
      return manners;
    case "place":
      return places;
    case "time":
      return times;
  }
}

/** How often the places that a statement can do without are filled; few of them, so that sentences stay short. */
const OPTIONAL: readonly (readonly [Slot, number])[] = [
  ["agentAdjective", 0.25],
  ["objectAdjective", 0.25],
  ["number", 0.2],
  ["manner", 0.2],
  ["place", 0.3],
  ["time", 0.3],
];

export function invent(random: Random): Statement {
  const kind = random.pick<Kind>(["thing", "thing", "person", "person", "transfer"]);
  const slots: Slot[] = kind === "transfer" ? ["agent", "verb", "object", "receiver"] : ["agent", "verb", "object"];
  for (const [slot, probability] of OPTIONAL) {
    const fits = !(kind === "person" && slot === "number") && !(kind === "transfer" && slot === "manner");
    if (fits && random.chance(probability)) slots.push(slot);
  }
  const bare: Statement = { kind, article: random.chance(0.7) ? "the" : "a", meanings: new Map() };
  return alter(bare, slots, random);
}

/** The statement with another meaning in each of `slots`. Nobody does anything to himself. */
function alter(statement: Statement, slots: readonly Slot[], random: Random): Statement {
  const meanings = new Map(statement.meanings);
  for (const slot of slots) {
    const taken = [meanings.get(slot), meanings.get("agent"), meanings.get("object"), meanings.get("receiver")];
    meanings.set(slot, random.pickOther(choices(statement.kind, slot), taken));
  }
  return { ...statement, meanings };
}

// --- wordings

function anyWording(statement: Statement, random: Random): Wording {
  return {
    forms: new Map([...statement.meanings].map(([slot, { forms }]) => [slot, random.below(forms.length)])),
    passive: random.chance(0.3),
    received: random.chance(0.5),
    front: random.chance(0.6) ? "none" : random.pick(["time", "place"]),
    timeFirst: random.chance(0.5),
    mannerLast: random.chance(0.4),
  };
}

/** The sentence, with a capital and a full stop. */
function say({ kind, article, meanings }: Statement, wording: Wording): string {
  const form = (slot: Slot): string => meanings.get(slot)?.forms[wording.forms.get(slot) ?? 0] ?? "";
  const joined = (...parts: string[]): string => parts.filter((part) => part !== "").join(" ");

  const object = (): string => {
    if (kind === "person") return joined("the", form("objectAdjective"), form("object"));
    if (meanings.has("number")) return joined(form("number"), form("objectAdjective"), plural(form("object")));
    const name = joined(form("objectAdjective"), form("object"));
    return joined(article === "a" && /^[aeiou]/.test(name) ? "an" : article, name);
  };
  const agent = joined("the", form("agentAdjective"), form("agent"));
  const [past, other = past] = form("verb").split(":");
  const early = wording.mannerLast ? "" : form("manner");
  const late = wording.mannerLast ? form("manner") : "";

  const clause = (): string => {
    if (kind === "transfer") {
      const receiver = joined("the", form("receiver"));
      return wording.received
        ? joined(receiver, other, object(), "from", agent)
        : joined(agent, past, object(), "to", receiver);
    }
    if (!wording.passive) return joined(agent, early, past, object(), late);
    return joined(object(), meanings.has("number") ? "were" : "was", early, other, "by", agent, late);
  };

  const opening = wording.front === "none" ? "" : form(wording.front);
  const closing = (["place", "time"] as const).filter((slot) => slot !== wording.front).map(form);
  if (wording.timeFirst) closing.reverse();
  const sentence = joined(opening && `${opening},`, clause(), ...closing);
  return `${sentence[0].toUpperCase()}${sentence.slice(1)}.`;
}

// --- pairs

/** A statement said twice: some meanings in other words and, now and then, another order. */
export function paraphrase(random: Random): Pair {
  const statement = invent(random);
  return pair(statement, statement, new Set(pickSlots(statement, random)), random);
}

/** Two statements that differ in some places; where one differs in a place, it may differ in words alone in another. */
export function contrast(random: Random): Pair {
  const statement = invent(random);
  const [sure, ...others] = random.shuffle(pickSlots(statement, random));
  const altered = [sure, ...others.filter(() => random.chance(0.75))];
  return pair(statement, alter(statement, altered, random), new Set(others), random);
}

/** A line of a thesaurus: "Lawyer means attorney." */
export function gloss(random: Random): string {
  const { forms } = random.pick(glossed);
  const side = random.below(2); // of verbs, which have two forms
  const [word, other] = random.shuffle(forms).map((form) => form.split(":").at(side) ?? form);
  return `${word[0].toUpperCase()}${word.slice(1)} means ${other}.`;
}

const glossed = all.filter(({ forms }) => forms.length > 1);

/** Half of a statement's places, at least one. */
function pickSlots(statement: Statement, random: Random): Slot[] {
  const slots = [...statement.meanings.keys()];
  const picked = slots.filter(() => random.chance(0.5));
  return picked.length > 0 ? picked : [random.pick(slots)];
}

/** Says two statements alike but for the words in the places `reworded` and, in half of the pairs, the order. */
function pair(one: Statement, other: Statement, reworded: ReadonlySet<Slot>, random: Random): Pair {
  const first = anyWording(one, random);
  const fresh = anyWording(other, random);
  const forms = new Map<Slot, number>();
  for (const [slot, meaning] of other.meanings) {
    const before = first.forms.get(slot) ?? 0;
    const same = meaning === one.meanings.get(slot);
    const count = meaning.forms.length;
    const shift = reworded.has(slot) && count > 1 ? 1 + random.below(count - 1) : 0;
    forms.set(slot, same ? (before + shift) % count : random.below(count));
  }
  const second = { ...(random.chance(0.5) ? fresh : first), forms };
  const sentences = [say(one, first), say(other, second)] as const;
  return {
    sentences: random.chance(0.5) ? sentences : [sentences[1], sentences[0]], // which comes first says nothing
    equivalent: one === other,
  };
}
