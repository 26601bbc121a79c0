// Passkeys: the browser is asked for one before the form is sent. The server says
// what to ask for, and takes the answer in a field of the form.
import { $, $$, problem } from "./dom";

interface Descriptor {
  type: "public-key";
  id: string;
}

// Options as the server writes them: bytes are base64url.
interface Options {
  challenge: string;
  user: { id: string; name: string; displayName: string };
  excludeCredentials?: Descriptor[];
}

export function setUpPasskeys(): void {
  if (!window.PublicKeyCredential || !window.isSecureContext) return;
  for (const form of $$<HTMLFormElement>("[data-passkey]")) {
    form.hidden = false;
    $("[data-passkey-none]", form.parentElement ?? document)?.remove();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void send(form);
    });
  }
}

async function send(form: HTMLFormElement): Promise<void> {
  const button = $<HTMLButtonElement>("button", form);
  const error = $("[data-passkey-error]", form);
  const field = $<HTMLInputElement>("input[name=passkey]", form);
  if (!button || !error || !field || button.disabled) return;
  button.disabled = true;
  error.hidden = true;
  try {
    const answer = await fetch(form.dataset.begin ?? "", { method: "POST", headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(await problem(answer));
    const options = (await answer.json()) as Options;
    field.value = JSON.stringify(form.dataset.passkey === "create" ? await create(options) : await get(options));
    form.submit();
  } catch (e) {
    error.textContent = explain(e);
    error.hidden = false;
    button.disabled = false;
  }
}

// explain says what to do about what browsers throw.
function explain(e: unknown): string {
  if (!(e instanceof Error)) return "The browser did not say what went wrong. Try again.";
  switch (e.name) {
    case "NotAllowedError":
      return "Nothing was chosen, or it took too long. Try again.";
    case "InvalidStateError":
      return "This device has a passkey of yours already.";
    case "SecurityError":
      return "Passkeys belong to the wiki's own address. Open the wiki there and try again.";
    case "NotSupportedError":
    case "ConstraintError":
      return "This device makes no passkeys that the wiki takes. Try another.";
    case "TypeError":
      return "The server did not answer. Try again.";
  }
  return e.message;
}

async function create(options: Options): Promise<unknown> {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: (options.excludeCredentials ?? []).map((c) => ({ ...c, id: bytes(c.id) })),
  } as unknown as PublicKeyCredentialCreationOptions;
  const made = await navigator.credentials.create({ publicKey });
  if (!(made instanceof PublicKeyCredential)) throw new Error("The browser made no passkey. Try again.");
  const { attestationObject, clientDataJSON } = made.response as AuthenticatorAttestationResponse;
  return answered(made, { attestationObject: text(attestationObject), clientDataJSON: text(clientDataJSON) });
}

async function get(options: Options): Promise<unknown> {
  const publicKey = { ...options, challenge: bytes(options.challenge) } as unknown as PublicKeyCredentialRequestOptions;
  const shown = await navigator.credentials.get({ publicKey });
  if (!(shown instanceof PublicKeyCredential)) throw new Error("The browser showed no passkey. Try again.");
  const { authenticatorData, clientDataJSON, signature, userHandle } = shown.response as AuthenticatorAssertionResponse;
  return answered(shown, {
    authenticatorData: text(authenticatorData),
    clientDataJSON: text(clientDataJSON),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : undefined,
  });
}

// answered is a credential as the server reads it. No extension is asked for, so
// none is told of.
function answered(credential: PublicKeyCredential, response: Record<string, string | undefined>): unknown {
  return { id: credential.id, rawId: credential.id, type: credential.type, response, clientExtensionResults: {} };
}

function bytes(base64url: string): Uint8Array {
  const raw = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  let raw = "";
  for (const b of new Uint8Array(buffer)) raw += String.fromCharCode(b);
  return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
