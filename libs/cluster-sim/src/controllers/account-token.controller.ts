import { randomBytes } from 'node:crypto';
import { type Secret } from '../objects/cluster-objects';
import { keyOf } from '../objects/kube-object';
import { SECRETS, SERVICE_ACCOUNTS } from '../objects/resources';
import { type Registry } from '../registry/registry';
import { type Change } from '../store/object-store';
import { type Controller } from './controller-loop';
import { splitKey } from './pods-of-owner';

export const ACCOUNT_TOKEN = 'kubernetes.io/service-account-token';
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
const ACCOUNT_UID = 'kubernetes.io/service-account.uid';

/** Fills in the token of a service account where a Secret of that type asks for one, and removes it when the account is gone. */
export class AccountTokenController implements Controller {
  readonly name = 'tokens-controller';

  constructor(private readonly registry: Registry) {}

  concerns({ resource, type, object }: Change): readonly string[] {
    if (resource === SECRETS) return type !== 'DELETED' && (object as Secret).type === ACCOUNT_TOKEN ? [keyOf(object)] : [];
    if (resource !== SERVICE_ACCOUNTS || type === 'MODIFIED') return [];
    const { namespace, name } = object.metadata;
    const isOfIt = ({ type, metadata }: Secret): boolean =>
      type === ACCOUNT_TOKEN && metadata.annotations?.[ACCOUNT_NAME] === name;
    return this.registry.store.list(SECRETS, namespace).filter(isOfIt).map(keyOf);
  }

  reconcile(key: string): undefined {
    const { namespace, name } = splitKey(key);
    const { store } = this.registry;
    const secret = store.get(SECRETS, namespace, name);
    if (!secret) return;
    const account = store.get(SERVICE_ACCOUNTS, namespace, secret.metadata.annotations?.[ACCOUNT_NAME] ?? '');
    if (!account) {
      store.remove(SECRETS, secret);
      return;
    }
    if (secret.data?.['token'] !== undefined) return;
    const encoded = (text: string): string => Buffer.from(text).toString('base64');
    this.registry.amend(SECRETS, secret, (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [ACCOUNT_UID]: account.metadata.uid };
      const token = `sa.${randomBytes(32).toString('base64url')}`;
      draft.data = { ...draft.data, 'ca.crt': '', namespace: encoded(namespace), token: encoded(token) };
    });
  }
}
