import { expect, test } from '../support/fixtures.ts';
import { mailedLink } from '../support/mails.ts';
import { becomeMember } from '../support/members.ts';
import { someone } from '../support/people.ts';

test('a guest finds an order by mail and by number, and takes it into an account', async ({ page, shop }) => {
  const address = someone();
  await shop.checkoutTo('review', 'Bank transfer', address);
  await shop.placeOrder.click();
  const number = await shop.confirmed();

  await shop.open(await mailedLink(address.email, `Your order ${number}`));
  await expect(shop.heading).toContainText(number);
  await expect(shop.main).toContainText(address.street);

  const find = async (email: string) => {
    await shop.open('/orders/lookup');
    await shop.main.getByLabel('Order number').fill(number.toLowerCase());
    await shop.main.getByLabel('E-mail').fill(email);
    await shop.button('Find order').click();
  };
  await find(`not.${address.email}`);
  await expect(shop.main.getByLabel('Order number')).toHaveAccessibleDescription(/no order with this number/);
  await find(address.email);
  await expect(shop.heading).toContainText(number);
  await expect(shop.main).not.toContainText(address.street);
  await expect(shop.main).not.toContainText(address.name);

  await becomeMember(shop, address.email);
  await expect(shop.main).toContainText('We have one order');
  await shop.button('Take into my account').click();
  await shop.main.getByRole('link', { name: number }).click();
  await expect(page).toHaveURL(`/account/orders/${number}`);
  await expect(shop.main).toContainText(address.street);

  // What is under way can't be brought to somebody who is forgotten.
  await shop.open('/account/erase');
  await expect(shop.main).toContainText(number);
  await expect(shop.button('Delete everything')).toHaveCount(0);
});

test('a guest cancels an order by the link in its mail', async ({ shop }) => {
  const address = someone();
  await shop.checkoutTo('review', 'Bank transfer', address);
  await shop.placeOrder.click();
  const number = await shop.confirmed();
  await shop.open(await mailedLink(address.email, `Your order ${number}`));
  await shop.main.getByText('Cancel this order').click();
  await shop.button('Cancel the order').click();
  await expect(shop.heading).toHaveText('Your order is cancelled');
  await expect(shop.main).toContainText(number);
});
