// One payment, one decline and one refund against the simulated Stripe API, by
// Stripe's own SDK. Arguments: port, ciphertext to approve, ciphertext to decline.
import Stripe from "stripe";

const [port, approved, declined] = process.argv.slice(2);
const stripe = new Stripe("sk_test_simulator0123456789", {
  host: "127.0.0.1",
  port: Number(port),
  protocol: "http",
});

const cardPresent = (data) => ({
  payment_method_data: {
    type: "card_present",
    card_present: {
      emv_data: data,
      ksn: "ffff9876543210e00001",
      read_method: "contact_emv",
    },
  },
});

const intent = await stripe.paymentIntents.create({
  amount: 1050,
  currency: "usd",
  allowed_payment_method_types: ["card_present"],
  metadata: { order: "7" },
});

let decline;
try {
  await stripe.paymentIntents.confirm(intent.id, cardPresent(declined));
} catch (error) {
  decline = { type: error.type, code: error.code, decline_code: error.decline_code };
}

const paid = await stripe.paymentIntents.confirm(intent.id, {
  ...cardPresent(approved),
  expand: ["latest_charge.balance_transaction"],
});
const refund = await stripe.refunds.create({ payment_intent: paid.id, amount: 50 });

const charges = [];
for await (const charge of stripe.charges.list({ limit: 1 })) {
  charges.push(charge.status);
}

console.log(
  JSON.stringify({
    decline,
    status: paid.status,
    fee: paid.latest_charge.balance_transaction.fee,
    refunded: refund.amount,
    charges,
  }),
);
