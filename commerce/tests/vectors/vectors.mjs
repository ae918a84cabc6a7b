// Prints what payment gateways would sign, as JSON: Stripe and Razorpay by their own SDKs. PayPal's has no part that
// signs or checks, so its vector is made of a certificate and a signature of Node's.
import { createSign, createHmac, generateKeyPairSync } from 'node:crypto';
import forge from 'node-forge';
import Razorpay from 'razorpay';
import utils from 'razorpay/dist/utils/razorpay-utils.js';
import Stripe from 'stripe';

const time = Date.parse('2026-03-01T12:00:00Z') / 1000;
const attempt = '019c9000-0000-7000-8000-000000000001';

function demand(condition, what) {
  if (!condition) throw new Error(what);
}

function stripe() {
  const secret = 'whsec_test_secret';
  const body = JSON.stringify({ id: 'evt_1', object: 'event', type: 'charge.dispute.created', data: { object: { note: 'für Ärger' } } }, null, 2);
  const sdk = new Stripe('sk_test_1');
  const sign = (options) => sdk.webhooks.generateTestHeaderString({ payload: body, timestamp: time, secret, ...options });
  const header = sign({});
  const other = sign({ secret: 'whsec_other' });
  const v0 = sign({ scheme: 'v0' });
  const tag = (text) => text.split(',')[1];
  const rolled = `t=${time},${tag(other)},${tag(v0)},${tag(header)}`;
  for (const good of [header, rolled]) sdk.webhooks.constructEvent(body, good, secret, 0);
  return { secret, body, header, other, v0, rolled };
}

function razorpay() {
  const secret = 'razorpay webhook secret';
  const keySecret = 'razorpay key secret';
  const body = JSON.stringify({ entity: 'event', event: 'order.paid', created_at: time, payload: { note: 'für Ärger' } });
  const hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex');
  const signature = hmac(secret, body);
  demand(Razorpay.validateWebhookSignature(body, signature, secret), 'the SDK accepts the webhook');
  const callback = {
    razorpay_payment_id: 'pay_1',
    razorpay_payment_link_id: 'plink_1',
    razorpay_payment_link_reference_id: attempt,
    razorpay_payment_link_status: 'paid',
  };
  const parts = ['payment_link_id', 'payment_link_reference_id', 'payment_link_status', 'payment_id'];
  const signed = parts.map((name) => callback[`razorpay_${name}`]).join('|');
  callback.razorpay_signature = hmac(keySecret, signed);
  demand(
    utils.validatePaymentVerification(
      {
        payment_link_id: callback.razorpay_payment_link_id,
        payment_id: callback.razorpay_payment_id,
        payment_link_reference_id: callback.razorpay_payment_link_reference_id,
        payment_link_status: callback.razorpay_payment_link_status,
      },
      callback.razorpay_signature,
      keySecret,
    ),
    'the SDK accepts the callback',
  );
  return { secret, key_secret: keySecret, body, signature, other: hmac('another secret', body), callback };
}

// The CRC-32 of ISO 3309, bit by bit.
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function certificate(publicKey, privateKey) {
  const made = forge.pki.createCertificate();
  made.publicKey = forge.pki.publicKeyFromPem(publicKey);
  made.serialNumber = '01';
  made.validity.notBefore = new Date('2026-01-01T00:00:00Z');
  made.validity.notAfter = new Date('2027-01-01T00:00:00Z');
  const name = [{ name: 'commonName', value: 'messageverificationcerts.paypal.com' }];
  made.setSubject(name);
  made.setIssuer(name);
  made.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create());
  return forge.pki.certificateToPem(made);
}

function paypal() {
  const webhookId = '9XL90610J3647323C';
  const id = 'd938e770-8046-11e6-8103-6b62a8a99ac4';
  const sent = '2026-03-01T12:00:00Z';
  const body = JSON.stringify({ id: 'WH-1', event_type: 'CUSTOMER.DISPUTE.CREATED', resource: { note: 'für Ärger' } });
  const encoding = { publicKeyEncoding: { type: 'spki', format: 'pem' }, privateKeyEncoding: { type: 'pkcs1', format: 'pem' } };
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048, ...encoding });
  const others = generateKeyPairSync('rsa', { modulusLength: 2048, ...encoding });
  const message = `${id}|${sent}|${webhookId}|${crc32(Buffer.from(body))}`;
  const sign = (key) => createSign('sha256').update(message).sign(key, 'base64');
  return {
    webhook_id: webhookId,
    id,
    time: sent,
    body,
    certificate: certificate(keys.publicKey, keys.privateKey),
    signature: sign(keys.privateKey),
    other: sign(others.privateKey),
  };
}

console.log(JSON.stringify({ time, attempt, stripe: stripe(), razorpay: razorpay(), paypal: paypal() }));
