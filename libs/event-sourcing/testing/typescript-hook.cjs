/* global __dirname */
// Lets `node -r` run the TypeScript of this repository in a child process of a spec, without building it first.
const { existsSync, readFileSync, statSync } = require('node:fs');
const Module = require('node:module');
const { dirname, join, resolve } = require('node:path');
const { transformSync } = require('@swc/core');

const root = resolve(__dirname, '../../..');
const { jsc } = JSON.parse(readFileSync(join(root, '.swcrc'), 'utf8'));

Module._extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    swcrc: false,
    sourceMaps: 'inline',
    module: { type: 'commonjs', ignoreDynamic: true },
    jsc: { ...jsc, baseUrl: undefined, paths: undefined },
  });
  module._compile(code, filename);
};

const resolveFilename = Module._resolveFilename;
Module._resolveFilename = function (request, parent, ...rest) {
  const [, lib, testing] = /^@souk\/([^/]+)(\/testing)?$/.exec(request) ?? [];
  if (lib) return join(root, 'libs', lib, testing ? 'testing' : 'src', 'index.ts');
  if (request.startsWith('.') && parent?.filename.endsWith('.ts')) {
    const path = resolve(dirname(parent.filename), request);
    if (existsSync(`${path}.ts`)) return `${path}.ts`;
    if (existsSync(path) && statSync(path).isDirectory()) return join(path, 'index.ts');
  }
  return resolveFilename.call(this, request, parent, ...rest);
};
