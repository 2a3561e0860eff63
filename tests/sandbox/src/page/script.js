// Follows /control/events once a second and draws one card per conversion.
// Every text from outside goes through textContent; nothing is ever parsed as HTML.
"use strict";

const POLL_MS = 1000;
const MAX_CARDS = 200;
const PLATFORMS = [...document.querySelectorAll("[data-platform]")].map((section) => section.dataset.platform);
const COUNTS = [
  ["counted", "counted"],
  ["duplicates", "extra copies"],
  ["refused", "refused"],
  ["discarded", "thrown away"],
];

const state = { cursor: 0, epoch: null, groups: new Map(), newest: 0 };
const byId = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const moment = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

function node(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
}

function money(record) {
  if (record.value === null) return "";
  if (!record.currency) return String(record.value);
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency: record.currency }).format(record.value);
  } catch {
    return `${record.value} ${record.currency}`;
  }
}

function time(ms) {
  const made = node("time", "", clock.format(ms));
  made.dateTime = new Date(ms).toISOString();
  made.title = moment.format(ms);
  return made;
}

function copiesLine(copies) {
  const line = node("p", "copies");
  const channels = copies.map((copy) => copy.channel);
  for (const channel of ["browser", "server"]) {
    const count = channels.filter((one) => one === channel).length;
    if (count) line.append(node("span", "tag", count > 1 ? `${channel} ×${count}` : channel));
  }
  if (copies.length > 1) line.append(node("span", "tag good", "counted once"));
  if (copies.some((copy) => copy.fate === "dropped")) line.append(node("span", "tag warn", "later copy dropped"));
  if (copies.some((copy) => copy.test_event_code)) line.append(node("span", "tag warn", "test event"));
  return line;
}

function keysList(copies) {
  const seen = new Map();
  for (const copy of copies) for (const key of copy.match_keys) if (!seen.has(key.name)) seen.set(key.name, key.short);
  const list = node("ul", "keys");
  list.setAttribute("aria-label", "Match keys");
  for (const [name, short] of seen) {
    const item = node("li");
    item.append(node("b", "", name), node("span", "", short));
    item.title = `${name}: ${short}`;
    list.append(item);
  }
  return seen.size ? list : node("p", "warnings", "No match keys: the platform cannot tie this to a person.");
}

function payloads(copies, isOpen) {
  const box = node("details");
  box.open = isOpen;
  box.append(node("summary", "", copies.length > 1 ? `${copies.length} payloads` : "Payload"));
  const fill = () => {
    if (box.querySelector("pre")) return;
    for (const copy of copies) {
      if (copies.length > 1) box.append(node("h4", "", `${copy.channel}, ${clock.format(copy.received_at_ms)}`));
      const text = node("pre", "", JSON.stringify(copy.payload, null, 2));
      text.tabIndex = 0;
      box.append(text);
    }
  };
  if (isOpen) fill();
  box.addEventListener("toggle", fill);
  return box;
}

function eventCard(copies, isOpen) {
  const first = copies[0];
  const card = node("li", "card");
  const head = node("div", "head");
  const priced = copies.find((copy) => copy.value !== null) ?? first;
  head.append(node("h3", "", first.event_name), node("span", "money", money(priced)));
  const line = node("p", "meta");
  const id = first.event_id ?? (first.transaction_id ? `transaction ${first.transaction_id}` : "no event id");
  line.append(node("span", "id", id), time(first.received_at_ms));
  card.append(head, line, copiesLine(copies), keysList(copies));
  const warnings = [...new Set(copies.flatMap((copy) => copy.warnings))];
  if (warnings.length) card.append(node("p", "warnings", `Note: ${warnings.join("; ")}.`));
  card.append(payloads(copies, isOpen));
  return card;
}

function refusedCard(record, isOpen) {
  const card = node("li", "card is-bad");
  const isDiscarded = record.verdict === "discarded";
  const head = node("div", "head");
  const title = isDiscarded ? `${record.event_name ?? "Event"} thrown away` : "Request refused";
  head.append(node("h3", "", title));
  if (record.code) head.append(node("span", "tag bad", record.code));
  const line = node("p", "meta");
  const count = record.event_ids.length;
  const ids = count > 2 ? `${record.event_ids[0]} and ${count - 1} more` : record.event_ids.join(", ");
  line.append(node("span", "id", ids || "no event id"), time(record.received_at_ms));
  card.append(head, line, node("p", "reason", record.reason));
  if (record.fault) {
    const tags = node("p", "copies");
    tags.append(node("span", "tag warn", `fault: ${record.fault}`));
    card.append(tags);
  }
  card.append(payloads([record], isOpen));
  return card;
}

function draw(group, isNew) {
  const isOpen = group.card?.querySelector("details")?.open ?? false;
  const first = group.copies[0];
  const isEvent = first.verdict === "accepted";
  const card = isEvent ? eventCard(group.copies, isOpen) : refusedCard(first, isOpen);
  if (isNew) card.classList.add("is-new");
  if (group.card) group.card.replaceWith(card);
  else byId(`platform-${first.platform}`).querySelector(".cards").prepend(card);
  group.card = card;
}

function take(records, isFirstPoll) {
  const touched = new Set();
  for (const record of records) {
    const seq = record.duplicate_of ?? record.seq;
    const group = state.groups.get(seq) ?? { copies: [], card: null };
    state.groups.set(seq, group);
    group.copies.push(record);
    touched.add(group);
  }
  for (const group of touched) draw(group, !isFirstPoll);
  for (const platform of PLATFORMS) trim(platform);
}

function trim(platform) {
  const list = byId(`platform-${platform}`).querySelector(".cards");
  while (list.children.length > MAX_CARDS) list.lastElementChild.remove();
  for (const [seq, group] of state.groups) if (!group.card.isConnected) state.groups.delete(seq);
}

function drawCounts(summary) {
  for (const platform of PLATFORMS) {
    const section = byId(`platform-${platform}`);
    const totals = summary.platforms[platform];
    const list = section.querySelector(".counts");
    list.replaceChildren(...COUNTS.map(([field, label]) => {
      const pair = node("div", totals[field] === 0 ? "is-zero" : "");
      if (totals[field] && (field === "refused" || field === "discarded")) pair.className = "is-bad";
      pair.append(node("dt", "", label), node("dd", "", totals[field].toLocaleString()));
      return pair;
    }));
    byId(`jump-${platform}`).textContent = totals.counted.toLocaleString();
    drawEmpty(section, section.querySelector(".cards").children.length === 0);
  }
  const offset = summary.clock.offset_s;
  const notes = [];
  if (offset) notes.push(`The sandbox clock is moved by ${offset.toLocaleString()} seconds.`);
  for (const fault of summary.faults) {
    const count = fault.count === null ? "until cleared" : `for ${fault.count} more`;
    notes.push(`Fault on ${fault.platform}: ${fault.kind}, ${count}.`);
  }
  byId("notice").hidden = notes.length === 0;
  const text = notes.join(" ");
  if (byId("notice").textContent !== text) byId("notice").textContent = text;
}

function drawEmpty(section, isEmpty) {
  const box = section.querySelector(".empty");
  box.hidden = !isEmpty;
  if (!isEmpty || box.childElementCount) return;
  const lead = node("p");
  lead.append(node("strong", "", "Nothing has arrived yet."), " Open the shop, accept the banner and buy something.");
  const why = node("details");
  why.append(node("summary", "", "When that was done, one of these holds it back"));
  const list = node("ul");
  for (const reason of [
    "The visitor refused: then nothing may be sent.",
    "The banner is still open: events wait for the choice.",
    "A conversion settles first, so that its browser and server copies go out as one.",
    "The collector has no such destination, sends to another address, or the destination is switched off.",
  ]) list.append(node("li", "", reason));
  why.append(list);
  box.append(lead, why);
}

const OUTCOMES = {
  delivered: ["good", "delivered"],
  waiting: ["", "waiting"],
  suppressed: ["warn", "suppressed"],
  retry: ["warn", "will be retried"],
  dead: ["bad", "given up"],
  paused: ["bad", "destination paused"],
};

function outcomeText(outcome) {
  const at = outcome.at_ms === null || outcome.at_ms === undefined ? "" : clock.format(outcome.at_ms);
  const words = [];
  if (at && outcome.state === "waiting") words.push(`until ${at}`);
  else if (at && outcome.state === "retry") words.push(`next try at ${at}`);
  else if (at) words.push(`at ${at}`);
  if (outcome.reason) words.push(outcome.reason);
  return words.join(": ");
}

/** Says what the collector refused at its door: such events are counted and not kept. */
function refusalText(refused) {
  const words = { consent_denied: "the visitor's consent did not allow it", personal_data: "it held clear personal data", bot: "the sender was a bot" };
  const list = refused.map(({ source, code, count }) => `${count} from ${source} (${words[code] ?? code})`);
  return list.length === 0 ? "" : ` Refused at its door since it started: ${list.join(", ")}.`;
}

function drawDecisions(events, refused) {
  const undelivered = (event) => event.destinations.some((one) => one.state !== "delivered");
  const shown = events.filter((event) => undelivered(event) || event.destinations.length === 0);
  byId("unsent-text").textContent = shown.length === 0
    ? (events.length ? "Everything the collector holds has been delivered." : "The collector holds no event.")
    : "What the collector took in and did not, or not yet, deliver everywhere.";
  byId("unsent-text").textContent += refusalText(refused);
  byId("decisions").replaceChildren(...shown.map((event) => {
    const row = node("li");
    const what = node("div");
    what.append(node("h3", "", event.name));
    const line = node("p", "meta");
    line.append(node("span", "id", event.event_id), time(event.received_at_ms));
    what.append(line, node("p", "meta", `from ${event.sources.join(" and ") || "an unknown source"}`));
    const outcomes = node("ul", "outcomes");
    outcomes.setAttribute("aria-label", "Destinations");
    for (const outcome of event.destinations) {
      const [kind, label] = OUTCOMES[outcome.state] ?? ["", outcome.state];
      const item = node("li");
      item.append(node("b", "", outcome.name), node("span", `tag ${kind}`, label), node("span", "", outcomeText(outcome)));
      outcomes.append(item);
    }
    if (event.destinations.length === 0) outcomes.append(node("li", "", "No destination asked for this event."));
    row.append(what, outcomes);
    return row;
  }));
}

async function pollCollector() {
  const body = await read("/control/collector");
  const text = byId("unsent-text");
  if (!body.configured) {
    text.textContent = "No collector is connected to this sandbox, so it can show only what arrived.";
  } else if (!body.reachable) {
    text.textContent = `Nothing can be said about events that were not sent: ${body.why}.`;
    byId("decisions").replaceChildren();
  } else {
    const list = (value) => (Array.isArray(value) ? value : []);
    drawDecisions(list(body.answer?.events), list(body.answer?.refused));
  }
}

async function read(path) {
  const response = await fetch(path, { cache: "no-store", signal: AbortSignal.timeout(5000) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

async function pollEvents() {
  let answer = await read(`/control/events?since=${state.cursor}`);
  const isFirstPoll = state.epoch === null;
  if (!isFirstPoll && (answer.epoch !== state.epoch || answer.last_seq < state.cursor)) {
    for (const platform of PLATFORMS) byId(`platform-${platform}`).querySelector(".cards").replaceChildren();
    state.groups.clear();
    answer = await read("/control/events");
  }
  state.epoch = answer.epoch;
  state.cursor = answer.last_seq;
  take(answer.events, isFirstPoll);
  drawCounts(await read("/control/summary"));
}

function showLive(className, text) {
  byId("live").className = `live ${className}`;
  if (byId("live-text").textContent !== text) byId("live-text").textContent = text;
}

async function turn() {
  try {
    await pollEvents();
    showLive("is-live", "Live");
    await pollCollector();
  } catch {
    showLive("is-lost", "The sandbox does not answer");
  }
  setTimeout(turn, POLL_MS);
}

byId("reset").addEventListener("click", async () => {
  try {
    await fetch("/control/reset", { method: "POST" });
  } catch {
    showLive("is-lost", "The sandbox does not answer");
  }
});

turn();
