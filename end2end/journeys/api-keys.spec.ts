import { expect, test } from '../support/fixtures.ts';
import { becomeMember, password } from '../support/members.ts';

test('a key is made, shown once, used by a program, and revoked', async ({ page, shop, request }) => {
  const email = await becomeMember(shop);
  await shop.follow(shop.main.getByRole('link', { name: 'API keys' }));
  await expect(shop.main).toContainText('You have no keys');

  await shop.button('Make key').click();
  await expect(shop.main.getByRole('alert')).toContainText('Enter a name for the key');
  await expect(shop.main.getByRole('alert')).toContainText('Choose at least one thing');
  await shop.main.getByRole('textbox', { name: 'Name' }).fill('Till in the shop');
  await shop.main.getByLabel('Read my name and address').check();
  await shop.main.getByLabel('Good for').selectOption('365 days');
  await shop.button('Make key').click();

  const shown = shop.main.getByRole('status').locator('code');
  const key = (await shown.innerText()).trim();
  expect(key).toMatch(/^emp_[0-9a-f]{40}$/);
  const me = () => request.get('/api/auth/me', { headers: { authorization: `Bearer ${key}` } });
  expect(await (await me()).json()).toMatchObject({ email, scopes: ['profile:read'] });

  await page.reload();
  await expect(shop.main).toContainText('Till in the shop');
  await expect(shop.main).toContainText(`emp_…${key.slice(-4)}`);
  await expect(shop.main).toContainText('last used');
  expect(await page.content()).not.toContain(key);

  await shop.button(/^Revoke Till in the shop/).click();
  await expect(shop.main.getByRole('status')).toContainText('The key is revoked');
  await expect(shop.main).toContainText('You have no keys');
  expect((await me()).status()).toBe(401);
});

test('a program that is signed in is listed and can be signed out', async ({ shop, request }) => {
  const email = await becomeMember(shop);
  const login = await request.post('/api/auth/login', { data: { email, password }, headers: { 'user-agent': 'till/1.0' } });
  const { refresh_token } = await login.json();
  await shop.open('/account/api-keys');
  await expect(shop.main).toContainText('till/1.0');
  await shop.button(/^Sign out till\/1.0/).click();
  await expect(shop.main.getByRole('status')).toContainText('The program is signed out');
  const refreshed = await request.post('/api/auth/refresh', { data: { refresh_token } });
  expect(refreshed.status()).toBe(401);
});
