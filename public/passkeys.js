// Makes the forms with passkeys work: asks the device, and sends what it answers with the form.
// Without it, or in a browser that has no passkeys, those forms stay hidden.
const forms = document.querySelectorAll("form[data-passkey]");
const works = "PublicKeyCredential" in window && "parseRequestOptionsFromJSON" in PublicKeyCredential;

async function options(form) {
  if (form.dataset.options) return JSON.parse(form.dataset.options);
  const answer = await fetch(form.dataset.ask, { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" } });
  if (!answer.ok) throw new Error(`options: ${answer.status}`);
  return JSON.parse(await answer.json());
}

async function ask(form) {
  const asked = await options(form);
  const credential =
    form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
  return JSON.stringify(credential.toJSON());
}

for (const form of works ? forms : []) {
  const problem = form.querySelector("[data-passkey-problem]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    try {
      form.elements.credential.value = await ask(form);
      form.submit();
    } catch {
      // Cancelled, timed out, or there is none: which, browsers don't tell.
      problem.hidden = false;
    }
  });
}
if (works) for (const element of document.querySelectorAll("[data-without-passkeys]")) element.hidden = true;
