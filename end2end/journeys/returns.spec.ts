import { expect, test } from '../support/fixtures.ts';
import { mailedLink, mailedTo } from '../support/mails.ts';
import { signIn } from '../support/members.ts';
import { someone } from '../support/people.ts';
import { orderNumber, type Shop } from '../support/shop.ts';

/** A picture of one pixel. */
const pixel = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);

/** Pays an order at the test gateway, and gives its number. */
async function paid(shop: Shop, email: string) {
  await shop.checkoutTo('review', 'Test payment', { ...someone(), email });
  await shop.placeOrder.click();
  await expect(shop.heading).toHaveText('Test payment');
  await shop.main.getByRole('radio', { name: /^Pay/ }).check();
  await shop.button('Go on').click();
  await expect(shop.main).toContainText('It is paid');
  return (await shop.main.innerText()).match(orderNumber)![0];
}

/** Sends all of an order. */
async function send(admin: Shop, number: string) {
  await signIn(admin, 'admin@example.org', process.env.E2E_ADMIN_PASSWORD);
  await admin.open(`/admin/orders/${number}`);
  await admin.main.getByLabel('Name of the carrier').fill('City Couriers');
  await admin.button('Send').click();
  await expect(admin.main.getByRole('status')).toContainText('on its way');
}

test('a guest sends something back with a photo, and gets the money @mobile', async ({ shop, browser, js }) => {
  const { email } = someone();
  const number = await paid(shop, email);
  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const admin = shop.on(await elsewhere.newPage());
  await expect(shop.main.getByRole('link', { name: 'Return items' })).toHaveCount(0);
  await send(admin, number);

  await shop.open(await mailedLink(email, `Your order ${number}`));
  await shop.main.getByRole('link', { name: 'Return items' }).click();
  await expect(shop.heading).toHaveText(`Return items of order ${number}`);
  await shop.button('Ask to return').click();
  await expect(shop.main.getByRole('alert')).toContainText('at least one piece');
  await shop.main.getByLabel(/^Pieces to return/).fill('1');
  await shop.main.getByLabel(/^What is wrong/).fill('It has a crack');
  await shop.button('Ask to return').click();
  await expect(shop.errors).toHaveCount(1);
  await expect(shop.main.getByLabel(/^What is wrong/)).toHaveValue('It has a crack');
  await shop.main.getByLabel('Reason').selectOption('It came damaged or doesn’t work');
  await shop.button('Ask to return').click();
  await expect(shop.heading).toHaveText(`Return ${number}-R1`);
  await expect(shop.main.getByRole('status')).toContainText('We have got your request');
  await shop.main.getByLabel('Photos').setInputFiles({ name: 'crack.png', mimeType: 'image/png', buffer: pixel });
  await shop.button('Add photos').click();
  await expect(shop.main).toContainText('We have one photo of it');

  await admin.main.getByRole('link', { name: 'Returns', exact: true }).click();
  await expect(admin.heading).toHaveText('Returns');
  await admin.main.getByLabel('State').selectOption('Requested');
  await admin.button('Show').click();
  await admin.main.getByRole('link', { name: `${number}-R1` }).click();
  await expect(admin.main).toContainText('It has a crack');
  await expect(admin.main.getByRole('img', { name: 'Photo 1 of what is sent back' })).toBeVisible();
  await admin.main.getByLabel('A word to the customer').fill('Thank you for the photo');
  await admin.button('Approve').click();
  await expect(admin.main.getByRole('status')).toContainText('approved');
  await shop.open(await mailedLink(email, 'You can send it back'));
  await expect(shop.main).toContainText('Thank you for the photo');
  await expect(shop.button('Withdraw the request')).toHaveCount(0);

  await expect(admin.main.getByLabel('Of them can be sold again')).toHaveValue('0');
  await admin.main.getByLabel('Of them can be sold again').fill('2');
  await admin.button('It has come').click();
  await expect(admin.errors).toHaveCount(1);
  await admin.main.getByLabel('Of them can be sold again').fill('0');
  await admin.button('It has come').click();
  await expect(admin.main.getByRole('status')).toContainText('counted');
  await admin.main.getByLabel('Deduction').fill('0.50');
  await admin.button('Refund').click();
  await expect(admin.main.getByRole('status')).toContainText('on its way back');
  await mailedTo(email, 'We refund your return');
  await shop.page.reload();
  await expect(shop.main).toContainText('Refunded');
  await elsewhere.close();
});

test('a request is withdrawn, and the next one rejected', async ({ shop, browser, js }) => {
  const { email } = someone();
  const number = await paid(shop, email);
  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const admin = shop.on(await elsewhere.newPage());
  await send(admin, number);
  const page = await mailedLink(email, `Your order ${number}`);
  const ask = async () => {
    await shop.open(`${page}/return`);
    await shop.main.getByLabel(/^Pieces to return/).fill('1');
    await shop.main.getByLabel('Reason').selectOption('I don’t want it any more');
    await shop.button('Ask to return').click();
    await expect(shop.main.getByRole('status')).toContainText('We have got your request');
  };
  await ask();
  await shop.open(`${page}/return`);
  await expect(shop.main).toContainText('nothing of this order that can be returned');
  await shop.open(`${page}/returns/1`);
  await shop.main.getByText('Withdraw this request').click();
  await shop.button('Withdraw the request').click();
  await expect(shop.main.getByRole('status')).toContainText('withdrawn');
  await ask();

  await admin.open(`/admin/returns/${number}-R2`);
  await admin.main.getByText('Reject', { exact: true }).click();
  await admin.button('Reject the return').click();
  await expect(admin.errors).toHaveCount(1);
  await admin.main.getByLabel('Reason, for the customer').fill('It was worn');
  await admin.button('Reject the return').click();
  await expect(admin.main.getByRole('status')).toContainText('rejected');
  await shop.page.reload();
  await expect(shop.main).toContainText('It was worn');
  await elsewhere.close();
});
