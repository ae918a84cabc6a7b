import { expect, test } from '../support/fixtures.ts';
import { mailedLink } from '../support/mails.ts';
import { becomeMember, password, register, signIn, somebody } from '../support/members.ts';
import { someone } from '../support/people.ts';

test('somebody gets an account, signs out and in again @mobile', async ({ page, shop }) => {
  const email = await becomeMember(shop);
  await shop.main.getByRole('link', { name: 'Profile' }).click();
  await expect(shop.main).toContainText(email);
  await shop.main.getByRole('link', { name: 'Security' }).click();
  await expect(shop.main).toContainText('(this device)');
  await expect(page.getByRole('banner').getByRole('link', { name: 'Account' })).toBeVisible();

  await shop.button('Sign out').click();
  await expect(shop.heading).toHaveText('Sign in');
  await shop.open('/account');
  await expect(shop.heading).toHaveText('Sign in');

  await shop.main.getByLabel('E-mail').fill(email.toUpperCase());
  await shop.main.getByLabel('Password').fill(password);
  await shop.button('Sign in').click();
  await expect(page).toHaveURL(/\/account$/);
});

test('what is wrong with an entry is told beside it, and the password is not shown again', async ({ shop }) => {
  await shop.open('/auth/register');
  await shop.main.getByLabel('Full name').fill('Ada Lovelace');
  await shop.main.getByLabel('E-mail').fill('nobody');
  await shop.main.getByLabel('Password').fill('short');
  await shop.button('Create account').click();
  await expect(shop.errors).toHaveCount(2);
  await expect(shop.main.getByLabel('Full name')).toHaveValue('Ada Lovelace');
  await expect(shop.main.getByLabel('E-mail')).toHaveValue('nobody');
  await expect(shop.main.getByLabel('Password')).toHaveValue('');

  await shop.main.getByLabel('E-mail').fill(somebody());
  await shop.main.getByLabel('Password').fill('password1');
  await shop.button('Create account').click();
  await expect(shop.errors).toHaveCount(1);
  await expect(shop.main.getByLabel('Password')).toHaveAccessibleDescription(/anybody would guess/);
});

test('nobody learns who has an account', async ({ shop }) => {
  const email = await becomeMember(shop);
  await shop.button('Sign out').click();

  await register(shop, email);
  await mailedLink(email, 'You have an account already');

  const answers = [];
  for (const [address, secret] of [[email, 'not the password'], [somebody(), password]] as const) {
    await signIn(shop, address, secret);
    await expect(shop.errors).toHaveCount(1);
    answers.push((await shop.main.innerText()).trim());
  }
  expect(answers[0]).toBe(answers[1]);
});

test('a forgotten password is replaced by a link, once', async ({ shop }) => {
  const email = await becomeMember(shop);
  await shop.button('Sign out').click();
  await shop.main.getByRole('link', { name: 'I have forgotten my password' }).click();
  await shop.main.getByLabel('E-mail').fill(email);
  await shop.button('Send the link').click();
  const link = await mailedLink(email, 'Choose a new password');

  await shop.open(link);
  await shop.main.getByLabel('New password').fill('tiny');
  await shop.button('Set new password').click();
  await expect(shop.errors).toHaveCount(1);
  await shop.main.getByLabel('New password').fill('an entirely new password');
  await shop.button('Set new password').click();
  await expect(shop.heading).toHaveText('Your account');

  await shop.button('Sign out').click();
  await shop.open(link);
  await expect(shop.heading).toHaveText('This link can’t be used');
  await signIn(shop, email);
  await expect(shop.errors).toHaveCount(1);
  await signIn(shop, email, 'an entirely new password');
  await expect(shop.heading).toHaveText('Your account');
});

test('another device is signed out from here, or by a new password', async ({ shop, browser, js }) => {
  const email = await becomeMember(shop);
  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const other = shop.on(await elsewhere.newPage());
  await signIn(other, email);
  await expect(other.heading).toHaveText('Your account');

  await shop.open('/account/security');
  await shop.button('Sign out everywhere else').click();
  await expect(shop.main.getByRole('status')).toContainText('signed out');
  await other.open('/account');
  await expect(other.heading).toHaveText('Sign in');

  await signIn(other, email);
  await shop.open('/account/security');
  await shop.main.getByLabel('Current password').fill('not the password');
  await shop.main.getByLabel('New password').fill('an entirely new password');
  await shop.button('Change password').click();
  await expect(shop.main.getByLabel('Current password')).toHaveAccessibleDescription('This is not your password');
  await shop.main.getByLabel('Current password').fill(password);
  await shop.main.getByLabel('New password').fill('an entirely new password');
  await shop.button('Change password').click();
  await expect(shop.main.getByRole('status')).toContainText('password is changed');
  await other.open('/account');
  await expect(other.heading).toHaveText('Sign in');
  await elsewhere.close();
});

test('sign-in goes on to pages of the shop only', async ({ page, shop }) => {
  const email = await becomeMember(shop);
  for (const [next, path] of [['/cart', '/cart'], ['//evil.example', '/account'], ['https://evil.example', '/account']] as const) {
    await shop.open('/account');
    await shop.button('Sign out').click();
    await shop.open(`/auth/signin?next=${encodeURIComponent(next)}`);
    await shop.main.getByLabel('E-mail').fill(email);
    await shop.main.getByLabel('Password').fill(password);
    await shop.button('Sign in').click();
    await page.waitForURL((url) => url.pathname === path);
  }
});

test('what a guest has in the cart comes along, and the order is in the account', async ({ page, shop, browser, js }) => {
  const email = await becomeMember(shop);
  await shop.openProduct();
  await shop.addToCart(2);

  const elsewhere = await browser.newContext({ javaScriptEnabled: js });
  const other = shop.on(await elsewhere.newPage());
  await other.openProduct();
  await other.addToCart(1);
  await signIn(other, email);
  await expect(other.heading).toHaveText('Your cart');
  await expect(other.main.getByRole('status').first()).toContainText('what you had in your cart is in it');
  await other.expectItems(3);
  await shop.openCart();
  await shop.expectItems(3);

  await shop.button('Checkout').click();
  await shop.expectStep('address');
  await shop.fillAddress(someone());
  await shop.continue();
  await shop.expectStep('delivery');
  await shop.main.getByRole('radio').first().check();
  await shop.continue();
  await shop.expectStep('payment');
  await shop.main.getByRole('radio', { name: 'Bank transfer' }).check();
  await shop.continue();
  await shop.expectStep('review');
  await shop.placeOrder.click();
  const number = await shop.confirmed();
  await shop.expectItems(0);

  await other.open('/account');
  await other.main.getByRole('link', { name: number }).click();
  await expect(other.main).toContainText(number);
  await elsewhere.close();
  await page.goto('/account');
  await shop.button('Sign out').click();
  await shop.expectItems(0);
});
