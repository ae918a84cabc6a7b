// An OpenID Connect issuer at which anybody can sign in: node issuer.mjs PORT ADDRESS-OF-THE-SHOP
import Provider from 'oidc-provider';

const [port, shop] = process.argv.slice(2);
const address = `http://127.0.0.1:${port}`;

/** An account is called by its address; a name before it says whether the address is verified. */
const account = (/** @type {string} */ id) => ({
  accountId: id,
  claims: () => ({ sub: id, email: id.replace(/^unverified\+/, ''), email_verified: !id.startsWith('unverified+'), name: 'Ada Lovelace' }),
});

const provider = new Provider(address, {
  clients: [
    {
      client_id: 'shop',
      client_secret: 'a secret of the shop',
      redirect_uris: [`${shop}/auth/oidc/test/callback`],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  pkce: { required: () => true },
  cookies: { keys: ['for these tests only'] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_, id) => account(id),
  interactions: { url: (_, interaction) => `/sign-in/${interaction.uid}` },
  // Who signs in has agreed.
  loadExistingGrant: async ({ oidc }) => {
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid email profile');
    await grant.save();
    return grant;
  },
});

provider.use(async (context, next) => {
  if (!context.path.startsWith('/sign-in/')) return next();
  if (context.method === 'GET') {
    context.type = 'html';
    context.body = `<!DOCTYPE html><html lang="en"><head><title>Issuer</title><link rel="icon" href="data:,"></head><body>
      <h1>Who are you?</h1>
      <form method="post"><label>Account <input name="account"></label><button name="answer" value="yes">Go on</button>
      <button name="answer" value="no">Not now</button></form></body></html>`;
    return;
  }
  let form = '';
  for await (const part of context.req) form += part;
  const fields = new URLSearchParams(form);
  const result =
    fields.get('answer') === 'yes' ? { login: { accountId: fields.get('account') ?? '' } } : { error: 'access_denied' };
  await provider.interactionFinished(context.req, context.res, result, { mergeWithLastSubmission: false });
  context.respond = false;
});

provider.listen(Number(port), '127.0.0.1');
