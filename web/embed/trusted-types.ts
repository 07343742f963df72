/** What of Trusted Types is used here. */
export interface ScriptUrlPolicy {
  createScriptURL(url: string): unknown;
}
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): ScriptUrlPolicy;
}

/** Whether a worker may be started on this page, and by which policy. */
export interface Door {
  readonly policy: ScriptUrlPolicy | null;
  readonly isBlocked: boolean;
}

/** Makes the policy `fedtab`. Where the site refuses it and enforces Trusted Types, nothing can run here. */
export function openDoor(): Door {
  const policy = makePolicy();
  return { policy, isBlocked: policy === null && !takesStrings() };
}

/** The sink of an element that is in no document, of the same kind as that of a worker. */
function takesStrings(): boolean {
  try {
    document.createElement('script').src = 'blob:fedtab';
    return true;
  } catch {
    return false;
  }
}

/** Lets nothing pass but addresses of blobs; null where there are no Trusted Types, or the site refuses the name. */
function makePolicy(): ScriptUrlPolicy | null {
  const { trustedTypes } = globalThis as { readonly trustedTypes?: TrustedTypes };
  try {
    return (
      trustedTypes?.createPolicy('fedtab', {
        createScriptURL(url) {
          if (url.startsWith('blob:')) return url;
          throw new TypeError('only blobs');
        },
      }) ?? null
    );
  } catch {
    return null;
  }
}

let used: ScriptUrlPolicy | null | undefined;

export function usePolicy(policy: ScriptUrlPolicy | null): void {
  used = policy;
}

/** A blob's address as this page's workers want it. */
export function trustedScriptUrl(address: string): unknown {
  if (used === undefined) used = makePolicy();
  return used === null ? address : used.createScriptURL(address);
}
