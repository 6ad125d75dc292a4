const word = 'pass|passwd|password|passphrase|pwd|secret|token|credentials?|salt|jwt';
const key = '(?:api|access|secret|private|auth|encryption|signing|license)[_-]?key|key[_-]?base';
/** What else stands behind the word: `PASSWORD_HASH`, `SECRET_2`. */
const addition = '(?:[_-]?(?:\\d{1,3}|hash|old|new|previous|base64|b64|hex))?';

/** Names of what is nobody's to read, wherever something is named: `password`, `rootPassword`, `api_key`. Matched in linear time. */
export const secretNamePattern = new RegExp(`(?:${word}|${key})${addition}$|(?:^|[_-])(?:pw|sk)$`, 'i');

/** Names of every other key but public ones: mostly a secret, sometimes what something is sorted or found by. */
export const keyNamePattern = new RegExp(`(?<!public|foreign|primary|sort|cache)(?:^|[_.-])key${addition}$`, 'i');
