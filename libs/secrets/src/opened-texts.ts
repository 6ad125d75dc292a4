import { openText, type TenantKeys } from './vault-crypto';

interface Opened {
  readonly sealed: string;
  readonly plaintext: string;
}

/** Characters, sealed and opened, that are kept; then it begins anew. */
const MOST = 4 << 20;

/**
 * Texts that were opened before, since the same event is read many times while it is young. They hang on the keys themselves: where these are
 * forgotten, nobody gets at the texts any more.
 */
export class OpenedTexts {
  private byKeys = new WeakMap<TenantKeys, Map<string, Opened>>();
  private size = 0;

  /** @throws SealBroken, also where there are no keys */
  open(keys: TenantKeys | undefined, tenant: string, sealed: string, context: string): string {
    const known = keys && this.byKeys.get(keys)?.get(context);
    if (known?.sealed === sealed) return known.plaintext;
    const plaintext = openText(keys, tenant, sealed, context);
    if (keys) this.keep(keys, context, { sealed, plaintext });
    return plaintext;
  }

  private keep(keys: TenantKeys, context: string, opened: Opened): void {
    const size = context.length + opened.sealed.length + opened.plaintext.length;
    if (this.size + size > MOST) {
      this.byKeys = new WeakMap();
      this.size = 0;
    }
    this.size += size;
    const texts = this.byKeys.get(keys);
    if (texts) texts.set(context, opened);
    else this.byKeys.set(keys, new Map([[context, opened]]));
  }
}
