/*
 * What single texts in a topology look like, for validation and for the JSON Schemas that an editor checks with. All of them are matched in
 * linear time.
 */

/** RFC 1035 label: what Kubernetes takes as the name of a Service. */
export const serviceNamePattern = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What Kubernetes takes as the name of a variable: dots and dashes too, as in `iot.hosting.appKey`. */
export const variableNamePattern = /^(?!\.\.?$|\.\.)[A-Za-z_.-][A-Za-z0-9_.-]*$/;

/** Variables that every instance is given by Souk: its identity and the address of the platform. */
export const reservedVariablePattern = /^(?:SOUK_|iot\.hosting\.)/;

/** Absolute path in a container, normalised, below the root. Kubernetes takes no colon there. */
export const containerPathPattern = /^(?:\/(?!\.{1,2}(?:\/|$))[^/:\p{Cc}]+)+$/u;

/** Absolute path on a host, normalised; the root is one. */
export const hostPathPattern = /^(?:\/|(?:\/(?!\.{1,2}(?:\/|$))[^/\p{Cc}]+)+)$/u;

/** Relative path on a NAS, normalised. */
export const storageIdentifierPattern = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/;

/** Name of a stored secret: see `PUT /v1/secrets/{name}`. */
export const storedSecretPattern = /^[A-Za-z][A-Za-z0-9_.-]{0,62}$/;

/** Name of an offering or a plan of a cloud provider. */
export const cloudNamePattern = /^[^\s\p{Cc}]+$/u;

/** Path that a health check asks for. */
export const probePathPattern = /^\//;
