import { isFlaggedSecret } from './secret-names';

/** What takes the place of a secret that is written down under that name. */
export type Seal = (name: string, value: string) => string;

/** A value without quotes; a dollar sign belongs to it unless a shell would fill in something there. */
const bare = String.raw`(?:[^\s"'$;|&()]|\$(?![A-Za-z_({]))+`;
/** Where a flag or an assignment in a text gives a secret: `--password=…`, `--requirepass …`, `PGPASSWORD='…'`. */
const flagged = new RegExp(
  String.raw`(--?([A-Za-z][\w.-]{0,60})[= ]|\b([A-Za-z][\w.-]{0,60})=)(?:(["'])((?:(?!\4)[^\n]){1,4096})\4|(${bare}))`,
  'g',
);
/** A member of a JSON object. */
const member = /("([^"\\\n]{1,100})"\s*:\s*")((?:[^"\\\n]|\\.)+)(?=")/g;
/** `://user:password@` anywhere, and `user:password@` at the beginning of a word. A port is no password. */
const credentials =
  /((?::\/\/|(?<![\w:/@.%+-]))([\w.%+-]{0,64}):)(?!\d{1,5}(?:[/?#,\s]|$))([^\s@:"'/$\uE000()][^\s@"'\uE000]{0,300})(?=@(?!sha\d)[\w([\uE000$])/g;
const notAUser = /^(?:mailto|sip|sips|xmpp|acct|image|jdbc|https?)$/i;
/** `curl -u user:password` */
const userFlag = new RegExp(String.raw`((?:^|\s)(?:-u ?|--(?:proxy-)?user[= ])["']?([\w.@%+-]+):)(${bare})`, 'g');
/** `Authorization: Bearer …` */
const header = /(\b(?:Bearer|Basic)\s+)([\w.~+/=-]{8,})/g;
/** Programs that are told a password by a single letter, or whatever else is told a user so. */
const signsIn =
  /(?:^|[\s/])(?:mysql\w*|mariadb[\w-]*|mongo\w*|redis-cli|valkey-cli|keydb-cli|sqlcmd|sshpass|ldap\w+|mosquitto\w*)(?:\s|$)|(?:^|\s)(?:-u|-U|--user|--username)(?:[ =]|$)/;
const letter = new RegExp(String.raw`((?:^|\s)-(?:[pPaw] |p))(["']?)(${bare})\2(?=\s|$)`, 'g');

/** The text with each secret that it says to be one as `seal` answers. */
export function sealedSecrets(text: string, seal: Seal): string {
  return sealedFlags(text, seal)
    .replaceAll(member, (all: string, before: string, name: string, value: string) =>
      isFlaggedSecret(name, value) ? before + seal(name, unescaped(value)) : all,
    )
    .replaceAll(credentials, (all: string, before: string, user: string, value: string) =>
      notAUser.test(user) || /^\$\(/.test(value) ? all : before + seal('password', decoded(value)),
    )
    .replaceAll(header, (_, before: string, value: string) => before + seal('authorization', value));
}

/** The words of a command with each secret as `seal` answers: those of one word, and those that the flag before gives. */
export function sealedWords(words: readonly string[], seal: Seal): readonly string[] {
  const command = words.filter((word) => !/\s/.test(word)).join(' ');
  const isSignedIn = signsIn.test(command);
  return words.map((word, index) => {
    const flag = words[index - 1] ?? '';
    const name = /^--?([A-Za-z][\w.-]*)$/.exec(flag)?.[1];
    const isValue = /^[^-$]/.test(word);
    if (name !== undefined && isValue && isFlaggedSecret(name, word)) return seal(name, word);
    if (isValue && isSignedIn && /^-[pPaw]$/.test(flag) && !isPlace(word)) return seal('password', word);
    if (/^(?:-u|--(?:proxy-)?user)$/.test(flag)) return withFlag(flag, word, seal);
    if (isSignedIn && /^-p./.test(word) && !isPlace(word.slice(2))) return `-p${seal('password', word.slice(2))}`;
    return /\s/.test(word) ? sealedScript(word, seal) : sealedSecrets(word, seal);
  });
}

function sealedScript(script: string, seal: Seal): string {
  const commands = script.split(/(&&|\|\||[;|\n])/);
  const sealed = commands.map((command) => {
    const users = command.replaceAll(userFlag, (all: string, before: string, user: string, value: string) =>
      isLogin(user, value) ? before + seal('password', value) : all,
    );
    if (!signsIn.test(command)) return users;
    return users.replaceAll(letter, (all: string, before: string, quote: string, value: string) =>
      isPlace(value) || value.startsWith('-') ? all : before + quote + seal('password', value) + quote,
    );
  });
  return sealedSecrets(sealed.join(''), seal);
}

function withFlag(flag: string, word: string, seal: Seal): string {
  return `${flag} ${word}`
    .replaceAll(userFlag, (all: string, before: string, user: string, value: string) =>
      isLogin(user, value) ? before + seal('password', value) : all,
    )
    .slice(flag.length + 1);
}

function sealedFlags(text: string, seal: Seal): string {
  return text.replaceAll(
    flagged,
    (
      all: string,
      flag: string,
      dashed: string | undefined,
      plain: string | undefined,
      quote: string | undefined,
      quoted: string | undefined,
      value: string | undefined,
    ) => {
      const name = dashed ?? plain!;
      const written = quoted ?? value!;
      if (!isFlaggedSecret(name, written) || /\$[A-Za-z_({]/.test(written)) return all;
      return flag + (quote ?? '') + seal(name, written) + (quote ?? '');
    },
  );
}

/** A port, a pair of ports, a path. */
const isPlace = (text: string): boolean => /^[\d:]+$|^\.{0,2}\//.test(text);
/** A user and a group, of files or processes, are none. */
const isLogin = (user: string, password: string): boolean => user !== password && !/^\d+$/.test(password);

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`) as string;
  } catch {
    return text;
  }
}

/**
 * Whether a text holds something that nobody would think up: twenty characters or more, letters and digits mixed, that are no words and numbers
 * between dashes.
 */
export function looksRandom(text: string): boolean {
  return (text.match(/[\w+/=-]{20,}/g) ?? []).some(
    (token) =>
      /\d/.test(token) &&
      /[A-Za-z]/.test(token) &&
      !token.split(/[-_/=+]/).every((part) => /^(?:[A-Za-z]*\d{0,4}|\d{1,8})$/.test(part)) &&
      bitsOf(token) >= 3.3,
  );
}

/** Bits of each character, by how often each of them occurs (Shannon 1948). */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / text.length) * Math.log2(count / text.length), 0);
}
