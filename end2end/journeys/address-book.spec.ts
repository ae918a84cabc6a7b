import { expect, test } from '../support/fixtures.ts';
import { becomeMember, keepAddress } from '../support/members.ts';

test('addresses are kept, changed and deleted, and nothing typed is lost', async ({ shop }) => {
  await becomeMember(shop);
  await shop.open('/account/addresses/new');
  await shop.main.getByLabel('What you call it').fill('Home');
  await shop.field('address-line1').fill('Torstraße 1');
  await shop.field('postal-code').fill('nonsense');
  await shop.field('address-level2').fill('Berlin');
  await shop.button('Save address').click();
  await expect(shop.errors).toHaveCount(1);
  await expect(shop.field('address-line1')).toHaveValue('Torstraße 1');
  await shop.field('postal-code').fill('10119');
  await shop.button('Save address').click();
  await expect(shop.main).toContainText('Default for deliveries');

  await keepAddress(shop, 'Work', 'Torstraße 2');
  await shop.button('Use for invoices Work').click();
  const work = shop.main.locator('.address-card').filter({ hasText: 'Work' });
  await expect(work).toContainText('Default for invoices');
  await work.getByRole('link', { name: /^Edit/ }).click();
  await shop.field('address-line1').fill('Torstraße 3');
  await shop.button('Save address').click();
  await expect(work).toContainText('Torstraße 3');

  await work.locator('summary').click();
  await shop.button('Really delete Work').click();
  await expect(shop.main.getByRole('status')).toContainText('deleted');
  await expect(work).toHaveCount(0);
});

test('the checkout offers kept addresses, and keeps another one', async ({ shop }) => {
  const email = await becomeMember(shop);
  await keepAddress(shop, 'Home', 'Torstraße 1');
  await shop.openProduct();
  await shop.addToCart();
  await shop.startCheckout();
  await expect(shop.main.getByRole('radio', { name: /^Home/ })).toBeChecked();
  await expect(shop.field('email')).toHaveValue(email);
  await shop.continue();
  await shop.expectStep('delivery');

  await shop.open('/checkout/address');
  await expect(shop.main.getByRole('radio', { name: /^Home/ })).toBeChecked();
  await shop.main.getByRole('radio', { name: 'Another address' }).check();
  await shop.field('name').fill('Grace Hopper');
  await shop.field('address-line1').fill('Hauptstraße 7');
  await shop.field('postal-code').fill('10115');
  await shop.field('address-level2').fill('Berlin');
  await shop.main.getByLabel('Keep it in my address book').check();
  await shop.continue();
  await shop.expectStep('delivery');
  await shop.open('/account/addresses');
  await expect(shop.main.locator('.address-card')).toHaveCount(2);
  await expect(shop.main).toContainText('Hauptstraße 7');
});
