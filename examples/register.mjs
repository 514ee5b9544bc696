// The same register app with Stripe's official Node SDK, pointed at the agent.
//
//   node examples/register.mjs --url http://127.0.0.1:7345 --key-file KEY \
//       --registration-code serial:/dev/ttyUSB0
//
// Nothing here knows of Cardlane but the address. Prints one JSON object.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";

const { values: options } = parseArgs({
  options: {
    url: { type: "string", default: "http://127.0.0.1:7345" },
    "key-file": { type: "string" },
    "registration-code": { type: "string" },
    amount: { type: "string", default: "1234" },
  },
});

// Resolved from the working directory, where the register app has its node_modules.
const { default: Stripe } = await import(
  createRequire(`${process.cwd()}/`).resolve("stripe")
);
const agent = new URL(options.url);
const stripe = new Stripe(readFileSync(options["key-file"], "utf8").trim(), {
  protocol: "http",
  host: agent.hostname,
  port: Number(agent.port),
});

async function actionOf(readerId) {
  for (;;) {
    const reader = await stripe.terminal.readers.retrieve(readerId);
    if (reader.action === null || reader.action.status !== "in_progress") {
      return reader.action;
    }
    await wait(50);
  }
}

const location = await stripe.terminal.locations.create({
  display_name: "Corner shop",
  address: {
    line1: "1 Main Street",
    city: "Springfield",
    state: "IL",
    postal_code: "62701",
    country: "US",
  },
});
const reader = await stripe.terminal.readers.create({
  registration_code: options["registration-code"],
  label: "Counter",
  location: location.id,
});
const intent = await stripe.paymentIntents.create({
  amount: Number(options.amount),
  currency: "usd",
  allowed_payment_method_types: ["card_present"],
  capture_method: "automatic",
});
await stripe.terminal.readers.processPaymentIntent(reader.id, {
  payment_intent: intent.id,
});
const action = await actionOf(reader.id);
const paid = await stripe.paymentIntents.retrieve(intent.id, {
  expand: ["latest_charge"],
});
const card = paid.latest_charge?.payment_method_details?.card_present;

console.log(
  JSON.stringify({
    reader: reader.id,
    action: action?.status ?? null,
    failure_code: action?.failure_code ?? null,
    payment_intent: paid.status,
    amount: paid.latest_charge?.amount,
    brand: card?.brand,
    last4: card?.last4,
    read_method: card?.read_method,
    aid: card?.receipt?.dedicated_file_name,
    tvr: card?.receipt?.terminal_verification_results,
    cryptogram: card?.receipt?.application_cryptogram,
    authorization_code: card?.receipt?.authorization_code,
  }),
);
process.exitCode = action?.status === "succeeded" ? 0 : 1;
