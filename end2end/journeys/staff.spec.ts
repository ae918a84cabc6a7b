import { expect, test } from '../support/fixtures.ts';
import { becomeMember, signIn } from '../support/members.ts';

test.use({ expectedStatuses: [403] });

test('an admin makes somebody support, who then sees what support may and no more', async ({ shop, browser, js }) => {
  const email = await becomeMember(shop);
  await expect(shop.main.getByRole('link', { name: 'Back office' })).toHaveCount(0);
  await shop.open('/admin/people');
  await expect(shop.page.getByRole('heading', { level: 1 })).toHaveText('This page is not for your account');

  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const admin = shop.on(await elsewhere.newPage());
  await signIn(admin, 'admin@example.org', process.env.E2E_ADMIN_PASSWORD);
  await admin.main.getByRole('link', { name: 'Back office' }).click();
  await expect(admin.heading).toHaveText('Orders');
  await admin.main.getByRole('link', { name: 'People' }).click();
  await expect(admin.heading).toHaveText('People');
  await admin.main.getByLabel('Name or e-mail').fill(email.toUpperCase());
  await admin.button('Search').click();
  await admin.main.getByRole('row', { name: email }).getByRole('link').click();
  await admin.main.getByRole('combobox', { name: 'Role' }).selectOption('Support');
  await admin.button('Change role').click();
  await expect(admin.main.getByRole('status')).toContainText('The role is changed');
  await admin.main.getByRole('link', { name: 'What was done by and to this account' }).click();
  await expect(admin.heading).toHaveText('Audit log');
  await expect(admin.main.getByRole('row', { name: 'role: customer → support' })).toContainText('admin@example.org');

  // What they were signed in with before has ended.
  await shop.open('/account');
  await expect(shop.heading).toHaveText('Sign in');
  await signIn(shop, email);
  await shop.main.getByRole('link', { name: 'Back office' }).click();
  await shop.main.getByRole('link', { name: 'People' }).click();
  await expect(shop.heading).toHaveText('People');
  await expect(shop.main.getByRole('link', { name: 'Audit log' })).toHaveCount(0);
  await shop.main.getByLabel('Name or e-mail').fill('admin@example.org');
  await shop.button('Search').click();
  await shop.main.getByRole('row', { name: 'admin@example.org' }).getByRole('link').click();
  await expect(shop.button('Change role')).toHaveCount(0);
  await shop.open('/admin/audit');
  await expect(shop.page.getByRole('heading', { level: 1 })).toHaveText('This page is not for your account');
  await elsewhere.close();
});
