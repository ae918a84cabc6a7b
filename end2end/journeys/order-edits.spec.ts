import { expect, test } from '../support/fixtures.ts';
import { mailedLink } from '../support/mails.ts';
import { signIn, somebody } from '../support/members.ts';
import { someone } from '../support/people.ts';
import { orderNumber, type Shop } from '../support/shop.ts';

async function backOffice(shop: Shop, path: string) {
  await signIn(shop, 'admin@example.org', process.env.E2E_ADMIN_PASSWORD);
  await shop.open(path);
}

/** Looks for a product and puts the first one that is found into the order. */
async function add(admin: Shop, text: string) {
  await admin.main.getByLabel('Article number or name').fill(text);
  await admin.button('Search').click();
  await admin.main
    .getByRole('region', { name: 'Products found' })
    .getByRole('button', { name: /^Add / })
    .first()
    .click();
  await expect(admin.main.getByRole('region', { name: 'What is in it' })).toBeVisible();
}

test('staff put an order together for a caller, who pays it by the link in the mail', async ({ shop, browser, js }) => {
  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const admin = shop.on(await elsewhere.newPage());
  await backOffice(admin, '/admin/orders');
  await admin.button('New order').click();
  await expect(admin.heading).toContainText('Draft');
  await expect(admin.main).toContainText('Add a product first');
  await add(admin, 'mug');
  // What was typed is sent by every button, and Enter presses the first one.
  await admin.main.getByLabel(/^Pieces of/).fill('2');
  await admin.button('Search').click();
  await expect(admin.page).toHaveURL(/#adding$/);
  await expect(admin.main.getByLabel(/^Pieces of/)).toHaveValue('2');
  await admin.main.getByLabel(/^Pieces of/).fill('3');
  await admin.main.getByLabel(/^Pieces of/).press('Enter');
  await expect(admin.page).toHaveURL(/#outcome$/);
  await expect(admin.main.getByLabel(/^Pieces of/)).toHaveValue('3');
  const email = somebody();
  await admin.main.getByRole('textbox', { name: 'E-mail' }).fill(email);
  const address = admin.main.getByRole('group', { name: 'Delivery address' });
  await address.getByLabel('Full name').fill('Ada Lovelace');
  await address.getByLabel('Street and number').fill('Unter den Linden 1');
  await address.getByLabel('Postal code').fill('10117');
  await address.getByLabel('Town or city').fill('Berlin');
  await admin.button('Save address').click();
  await admin.main.getByRole('combobox', { name: 'Delivery method' }).selectOption({ index: 1 });
  await admin.main.getByRole('combobox', { name: 'Payment' }).selectOption('Test payment');
  await admin.button('Save choices').click();
  await admin.button('Submit the order').click();
  await expect(admin.main.getByRole('status')).toContainText('submitted');

  // The only mail that they have got.
  await shop.open(await mailedLink(email, ''));
  await shop.button('Pay now').click();
  await expect(shop.heading).toHaveText('Test payment');
  await shop.main.getByRole('radio', { name: /^Pay/ }).check();
  await shop.button('Go on').click();
  await expect(shop.heading).toHaveText('Thank you for your order');
  await elsewhere.close();
});

test('a draft is deleted after a second look', async ({ shop }) => {
  await backOffice(shop, '/admin/orders');
  await shop.button('New order').click();
  await expect(shop.heading).toContainText('Draft');
  await shop.main.getByText('Delete this draft').click();
  await shop.button('Delete the draft').click();
  await expect(shop.main.getByRole('status')).toContainText('The draft is deleted');
});

test('staff change a paid order, and its customer pays the difference', async ({ shop, browser, js }) => {
  await shop.checkoutTo('review', 'Test payment', someone());
  await shop.placeOrder.click();
  await shop.main.getByRole('radio', { name: /^Pay/ }).check();
  await shop.button('Go on').click();
  await expect(shop.main).toContainText('It is paid');
  const number = (await shop.main.innerText()).match(orderNumber)![0];

  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const admin = shop.on(await elsewhere.newPage());
  await backOffice(admin, `/admin/orders/${number}`);
  await admin.main.getByRole('link', { name: 'Change this order' }).click();
  await expect(admin.main).toContainText('Nothing is changed yet');
  await admin.main.getByLabel(/^Pieces of/).first().fill('many');
  await admin.button('Update').click();
  await expect(admin.main.getByRole('alert')).toContainText('from 0 to 100');
  await admin.main.getByLabel(/^Pieces of/).first().fill('2');
  await admin.button('Update').click();
  await expect(admin.main).toContainText('more than before');
  await shop.page.reload();
  await expect(shop.main).toContainText('It is paid');
  await admin.button('Apply the changes').click();
  await expect(admin.main.getByRole('status')).toContainText('The order is changed');
  await expect(admin.main).toContainText('Partly paid');

  await shop.page.reload();
  await expect(shop.main).toContainText('is still to be paid');
  await shop.button('Pay now').click();
  await shop.main.getByRole('radio', { name: /^Pay/ }).check();
  await shop.button('Go on').click();
  await expect(shop.main).toContainText('It is paid');
  await elsewhere.close();
});
