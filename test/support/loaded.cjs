// Preloaded into the built program: writes down which of its files and which of Node's own modules it asks for.
'use strict';

const fs = require('node:fs');
const { Module } = require('node:module');

const files = new Set();
const modules = new Set();
const readFileSync = fs.readFileSync;
fs.readFileSync = (file, ...rest) => {
  const text = readFileSync(file, ...rest);
  const [, name] = /[/\\]dist[/\\](?:chunks[/\\])?([\w-]+?)(?:-[0-9A-F]{8})?\.js$/.exec(String(file)) ?? [];
  if (name !== undefined) files.add(name);
  return text;
};
const load = Module.prototype.require;
Module.prototype.require = function (id) {
  if (Module.isBuiltin(id)) modules.add(id.replace(/^node:/, ''));
  return Reflect.apply(load, this, [id]);
};
process.on('exit', () => {
  fs.writeFileSync(process.env.WT_TEST_LOADED, JSON.stringify({ files: [...files], modules: [...modules] }));
});
