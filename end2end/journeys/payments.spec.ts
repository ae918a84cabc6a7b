import { expect, test } from '../support/fixtures.ts';
import { mailedTo } from '../support/mails.ts';
import { becomeMember, signIn } from '../support/members.ts';
import { someone } from '../support/people.ts';
import { orderNumber, type Shop } from '../support/shop.ts';

/** Places an order that is paid at the test gateway, and is on its page then. */
async function toGateway(shop: Shop) {
  await shop.checkoutTo('review', 'Test payment', someone());
  await shop.placeOrder.click();
  await expect(shop.heading).toHaveText('Test payment');
}

async function choose(shop: Shop, name: string) {
  await shop.main.getByRole('radio', { name: new RegExp(`^${name}`) }).check();
  await shop.button('Go on').click();
}

test('a guest pays at the page of a gateway, with 3-D Secure @mobile', async ({ shop }) => {
  await toGateway(shop);
  await choose(shop, 'Confirm at the bank');
  await shop.button('Yes, confirm the payment').click();
  await expect(shop.heading).toHaveText('Thank you for your order');
  await expect(shop.main).toContainText('It is paid');
});

test('a declined payment can be tried again, and made another way', async ({ shop }) => {
  await toGateway(shop);
  await choose(shop, 'Decline');
  await expect(shop.heading).toHaveText('Your order waits for its payment');
  await shop.button('Pay now').click();
  await expect(shop.heading).toHaveText('Test payment');
  await choose(shop, 'Not enough money');
  await shop.main.getByRole('radio', { name: /^Bank transfer/ }).check();
  await shop.button('Pay now').click();
  await expect(shop.heading).toHaveText('Thank you for your order');
  await expect(shop.main).toContainText('Please transfer');
});

test('whoever changes their mind gets the cart back', async ({ shop }) => {
  await toGateway(shop);
  await shop.main.getByRole('link', { name: 'Back to the shop' }).click();
  await expect(shop.heading).toHaveText('Your order waits for its payment');
  await shop.button('Change the cart instead').click();
  await expect(shop.main.getByRole('status')).toContainText('back in your cart');
  await shop.expectItems(1);
});

test('a paid order is sent in the back office, and its customer sees it come', async ({ shop, browser, js }) => {
  await toGateway(shop);
  await choose(shop, 'Pay');
  await expect(shop.main).toContainText('It is paid');
  const number = (await shop.main.innerText()).match(orderNumber)![0];

  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const admin = shop.on(await elsewhere.newPage());
  await signIn(admin, 'admin@example.org', process.env.E2E_ADMIN_PASSWORD);
  await admin.open('/admin/orders');
  await admin.main.getByLabel('Number or e-mail').fill(number.toLowerCase());
  await admin.button('Search').click();
  await admin.main.getByRole('link', { name: number }).click();
  await expect(admin.heading).toHaveText(`Order ${number}`);
  await admin.main.getByLabel('Tracking number').fill('00340434161094042557');
  await admin.button('Send').click();
  await expect(admin.main.getByRole('alert').first()).toContainText('Enter the name of the carrier');
  await expect(admin.main.getByLabel('Tracking number')).toHaveValue('00340434161094042557');
  await admin.main.getByLabel('Name of the carrier').fill('DHL');
  await admin.button('Send').click();
  await expect(admin.main.getByRole('status')).toContainText('on its way');
  await shop.page.reload();
  await expect(shop.main).toContainText('Shipped');
  await expect(shop.main.getByRole('link', { name: '00340434161094042557' })).toHaveAttribute('href', /dhl/);
  await admin.button('It has come').click();
  await expect(admin.main.getByRole('status')).toContainText('has come');
  await admin.main.getByText('Give money back').click();
  await admin.main.getByLabel(/^Pieces of/).first().fill('1');
  await admin.main.getByLabel('Amount').fill('1.00');
  await admin.main.getByLabel('Why').fill('A scratch');
  await admin.button('Give back').click();
  await expect(admin.main.getByRole('status')).toContainText('on its way back');
  await shop.page.reload();
  await expect(shop.main).toContainText('Delivered');
  await elsewhere.close();
});

test('what was paid by transfer goes back once staff have sent it', async ({ shop, browser, js }) => {
  const address = someone();
  await shop.checkoutTo('review', 'Bank transfer', address);
  await shop.placeOrder.click();
  const number = await shop.confirmed();

  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const admin = shop.on(await elsewhere.newPage());
  await signIn(admin, 'admin@example.org', process.env.E2E_ADMIN_PASSWORD);
  await admin.open(`/admin/orders/${number}`);
  // A slip of the keyboard: ten thousand have not come.
  await admin.main.getByLabel('Money received').fill('10000.00');
  await admin.button('Note payment').click();
  await expect(admin.main.getByRole('status')).toContainText('payment is noted');
  await expect(admin.main.getByRole('region', { name: 'Transfers to make' })).toHaveCount(1);
  await admin.main.getByRole('button', { name: /^Noted by mistake: €10,000\.00,/ }).click();
  await expect(admin.main.getByRole('status')).toContainText('has not come');
  await expect(admin.main.getByRole('region', { name: 'Transfers to make' })).toHaveCount(0);
  await expect(admin.main.getByRole('button', { name: /^Noted by mistake/ })).toHaveCount(0);
  await admin.button('Note payment').click();
  await expect(admin.main.getByRole('status')).toContainText('noted');
  await admin.main.getByText('Give money back').click();
  await admin.main.getByLabel('Amount').fill('1.00');
  await admin.main.getByLabel('Why').fill('A scratch');
  await admin.button('Give back').click();
  await expect(admin.main.getByRole('status')).toContainText('Please send the money');
  await expect(admin.main.getByRole('region', { name: 'Transfers to make' })).toContainText('€1.00');
  await mailedTo(address.email, 'We will refund');

  await admin.main.getByRole('link', { name: 'Transfers', exact: true }).click();
  await expect(admin.heading).toHaveText('Transfers to make');
  await admin.button(`Sent: €1.00 of ${number}`).click();
  await expect(admin.main.getByRole('status')).toContainText('the money was sent');
  await expect(admin.main.getByRole('link', { name: number })).toHaveCount(0);
  await mailedTo(address.email, 'We have refunded');
  await elsewhere.close();
});

test('an order is cancelled by its customer, and what was paid goes back', async ({ shop }) => {
  await toGateway(shop);
  await choose(shop, 'Pay');
  await shop.main.getByText('Cancel this order').click();
  await shop.button('Cancel the order').click();
  await expect(shop.heading).toHaveText('Your order is cancelled');
});

test('a member has a card remembered, pays with it at one press, and has it forgotten @mobile', async ({ shop }) => {
  await becomeMember(shop);
  await shop.open('/account/payment-methods');
  await expect(shop.main).toContainText('Nothing is saved');
  await toGateway(shop);
  await shop.main.getByRole('checkbox', { name: /^Remember this card/ }).check();
  await choose(shop, 'Pay');
  await expect(shop.heading).toHaveText('Thank you for your order');
  // The shop asks the gateway what it keeps soon after, not before the page is shown.
  await expect(async () => {
    await shop.open('/account/payment-methods');
    await expect(shop.main).toContainText('Test card •••• 4242', { timeout: 500 });
  }).toPass();

  await shop.checkoutTo('payment');
  await expect(shop.main).toContainText('Saved there: Test card •••• 4242');
  await shop.main.getByRole('radio', { name: /^Test payment/ }).check();
  await shop.continue();
  await shop.placeOrder.click();
  await expect(shop.heading).toHaveText('Test payment');
  await shop.button('Pay with Test card •••• 4242').click();
  await expect(shop.heading).toHaveText('Thank you for your order');
  await expect(shop.main).toContainText('It is paid');

  await shop.open('/account/payment-methods');
  await shop.main.locator('summary', { hasText: 'Test card •••• 4242' }).click();
  await shop.button('Really remove Test card •••• 4242').click();
  await expect(shop.main.getByRole('status')).toContainText('removed');
  await expect(shop.main).toContainText('Nothing is saved');
});
