// Calls Stripe's Node SDK as told: one JSON object per line in, one per line out.
// Arguments: the API's URL and a key.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import Stripe from "stripe";

const [url, key] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const stripe = new Stripe(key, {
  host: hostname,
  port: Number(port),
  protocol: "http",
  maxNetworkRetries: 0,
});

const camel = (name) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

function file(value) {
  const isFile = value !== null && typeof value === "object" && "path" in value;
  return isFile
    ? { data: readFileSync(value.path), name: basename(value.path) }
    : value;
}

async function done({ operation, ids, params, options, all }) {
  if (operation === "construct_event") {
    return { answer: stripe.webhooks.constructEvent(...ids), headers: {} };
  }
  const path = operation.split(".").map(camel);
  const method = path.pop().replace(/^delete$/, "del");
  const resource = path.reduce((owner, name) => owner[name], stripe);
  const settings = Object.fromEntries(
    Object.entries(options).map(([name, value]) => [camel(name), value]),
  );
  const sent = Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, file(value)]),
  );
  const asked = resource[method](...ids, sent, settings);
  if (all) {
    return { answer: await asked.autoPagingToArray({ limit: 10_000 }) };
  }
  const answer = await asked;
  return { answer, headers: answer.lastResponse.headers };
}

function refusal(error) {
  return {
    type: error.type.replace(/^Stripe(?=Connection)/, "API").replace(/^Stripe/, ""),
    status: error.statusCode,
    error: error.raw ?? {},
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  let outcome;
  try {
    outcome = await done(JSON.parse(line));
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    outcome = { refused: refusal(error) };
  }
  console.log(JSON.stringify(outcome));
}
// Its kept-open connections would hold the process for a while.
process.exit(0);
