// Loads the code of Actions: CommonJS, with Node's own modules and the Action's dependencies.
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';

const MOST_KEPT = 200;
const loaded = new Map();

// Return what an Action exports. A deployed version is loaded once, so its top-level state lives on in this thread.
export function loadAction(action, console) {
  const known = action.key && loaded.get(action.key);
  if (known) return known;
  const exported = evaluate(action, console);
  if (action.key) {
    if (loaded.size >= MOST_KEPT) loaded.clear();
    loaded.set(action.key, exported);
  }
  return exported;
}

function evaluate({ name, code, directory }, console) {
  const filename = path.join(directory, `${name.replaceAll(/[^\w.-]/g, '_')}.js`);
  const module = { exports: {} };
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname', 'console'];
  const options = { filename, importModuleDynamically: vm.constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER };
  const wrapped = vm.compileFunction(code, parameters, options);
  wrapped(module.exports, createRequire(filename), module, filename, directory, console);
  return module.exports;
}
