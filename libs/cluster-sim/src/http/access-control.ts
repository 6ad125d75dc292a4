import { type AccessAttempt, notAllowed } from '../objects/api-error';
import { type PolicyRule, type Secret } from '../objects/cluster-objects';
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, SECRETS, SERVICE_ACCOUNTS } from '../objects/resources';
import { ACCOUNT_NAME, ACCOUNT_TOKEN } from '../controllers/account-token.controller';
import { type ObjectStore } from '../store/object-store';
import { isToken } from './access';

interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** Who asks: the one administrator of this cluster, or a service account. */
export interface User {
  readonly name: string;
  readonly account?: Account;
}

const ADMINISTRATOR: User = { name: 'souk' };

/** `patch deployments`, `get pods/log`: a call as the configuration denies it. */
const denialOf = ({ verb, resource, subresource }: AccessAttempt): string =>
  `${verb} ${resource}${subresource ? `/${subresource}` : ''}`;

/**
 * Who may do what. The administrator: everything but what the configuration denies. Service accounts, by the tokens in their Secrets: of that, what
 * cluster roles give them, over all namespaces. Roles within one namespace are not known here.
 */
export class AccessControl {
  private readonly accounts = new Map<string, Account>();

  constructor(
    private readonly store: ObjectStore,
    private readonly administratorToken: string,
    private readonly denied: () => readonly string[],
  ) {
    for (const secret of store.list(SECRETS)) this.learn(secret);
    store.onChange(({ resource, type, object, previous }) => {
      if (resource !== SECRETS) return;
      if (previous) this.forget(previous);
      if (type !== 'DELETED') this.learn(object);
    });
  }

  /** `undefined`: nobody who is known. */
  userOf(token: string): User | undefined {
    if (isToken(token, this.administratorToken)) return ADMINISTRATOR;
    const account = this.accounts.get(token);
    if (!account || !this.store.get(SERVICE_ACCOUNTS, account.namespace, account.name)) return undefined;
    return { name: `system:serviceaccount:${account.namespace}:${account.name}`, account };
  }

  isAllowed({ account }: User, attempt: AccessAttempt): boolean {
    if (this.denied().includes(denialOf(attempt))) return false;
    return !account || this.rulesOf(account).some((rule) => covers(rule, attempt));
  }

  /** @throws ApiError 403 */
  assertAllowed(user: User, attempt: AccessAttempt): void {
    if (!this.isAllowed(user, attempt)) throw notAllowed(user.name, attempt);
  }

  rulesOf({ namespace, name }: Account): PolicyRule[] {
    const bindings = this.store
      .list(CLUSTER_ROLE_BINDINGS)
      .filter(({ subjects = [] }) =>
        subjects.some((subject) => subject.kind === 'ServiceAccount' && subject.namespace === namespace && subject.name === name),
      );
    return bindings.flatMap(({ roleRef }) => this.store.get(CLUSTER_ROLES, undefined, roleRef.name)?.rules ?? []);
  }

  private learn(secret: Secret): void {
    const token = tokenIn(secret);
    const { namespace = '', annotations } = secret.metadata;
    if (token !== undefined) this.accounts.set(token, { namespace, name: annotations?.[ACCOUNT_NAME] ?? '' });
  }

  private forget(secret: Secret): void {
    const token = tokenIn(secret);
    if (token !== undefined) this.accounts.delete(token);
  }
}

const tokenIn = ({ type, data }: Secret): string | undefined => {
  const token = type === ACCOUNT_TOKEN ? data?.['token'] : undefined;
  return token === undefined ? undefined : Buffer.from(token, 'base64').toString();
};

const covers = (
  { verbs, apiGroups = [], resources = [], resourceNames = [] }: PolicyRule,
  { verb, group, resource, subresource, name }: AccessAttempt,
): boolean => {
  const has = (list: readonly string[], ...wanted: string[]): boolean =>
    wanted.some((each) => list.includes(each)) || list.includes('*');
  const path = subresource ? `${resource}/${subresource}` : resource;
  return (
    has(verbs, verb) &&
    has(apiGroups, group) &&
    has(resources, path, ...(subresource ? [`*/${subresource}`] : [])) &&
    (resourceNames.length === 0 || (name !== undefined && resourceNames.includes(name)))
  );
};
