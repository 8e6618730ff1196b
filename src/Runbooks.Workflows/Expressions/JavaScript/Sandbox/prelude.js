// Runs in the sandbox before the operator's script, each time in a context that nothing has touched. It gives back a
// function that runs the script and hands its result to the host. Everything that is needed after the script has run is
// taken now: the script may replace any built-in function, and then fools nobody but itself.
(function (host, facts) {
  'use strict';
  const { parse, stringify } = JSON;
  const { create, defineProperty, keys } = Object;
  const { names, inputs, mostResult, mayHaveOutcomes } = facts = parse(facts);
  const cells = create(null);
  const variables = create(null);
  let correlationId = facts.correlationId;
  let runName = facts.runName;

  const give = (name, value) => defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  const text = value => value === null || value === undefined ? null : String(value);
  const json = value => value === undefined ? null : parse(value);

  // A variable is read when the script first asks for it; one that was not asked for can't have changed.
  for (const [name] of names) {
    const cell = cells[name] = { touched: false, value: undefined };
    defineProperty(variables, name, {
      enumerable: true,
      get() {
        if (!cell.touched) {
          cell.touched = true;
          cell.value = parse(host('variable', name));
        }
        return cell.value;
      },
      set(value) {
        cell.touched = true;
        cell.value = value;
      },
    });
  }

  const getInput = name => json(host('input', String(name)));
  for (const [name, capital] of inputs) {
    give(`get${capital}`, () => getInput(name));
  }
  for (const [name, capital] of names) {
    give(`get${capital}`, () => variables[name]);
    give(`set${capital}`, value => { variables[name] = value; });
  }

  // Chance comes from the run, so that a run that is repeated with the same seed takes the same turns (sfc32).
  let [a, b, c, counter] = [facts.seed | 0, facts.seed / 2 ** 32 | 0, 0x9e3779b9 | 0, 1];
  const random = () => {
    const t = (a + b | 0) + counter | 0;
    counter = counter + 1 | 0;
    a = b ^ b >>> 9;
    b = c + (c << 3) | 0;
    c = (c << 21 | c >>> 11) + t | 0;
    return (t >>> 0) / 2 ** 32;
  };
  for (let i = 0; i < 12; i++) {
    random();
  }
  Math.random = random;

  const isNullOrEmpty = s => s === null || s === undefined || s === '';
  const guid = () => host('guid');
  const functions = {
    variables,
    getVariable: name => variables[name],
    setVariable: (name, value) => { variables[name] = value; },
    getInput,
    getOutputFrom: (activity, output) => json(host('output', String(activity), text(output))),
    getLastResult: () => json(host('last')),
    getWorkflowInstanceId: () => facts.runId,
    getWorkflowInstanceName: () => runName,
    setWorkflowInstanceName: value => { runName = text(value); },
    getWorkflowDefinitionId: () => facts.definitionId,
    getWorkflowDefinitionVersionId: () => facts.versionId,
    getWorkflowDefinitionVersion: () => facts.version,
    getCorrelationId: () => correlationId,
    setCorrelationId: value => { correlationId = text(value); },
    toJson: value => stringify(value),
    isNullOrEmpty,
    isNullOrWhiteSpace: s => isNullOrEmpty(s) || String(s).trim() === '',
    newGuid: guid,
    newGuidString: guid,
    newShortGuid: () => toBase64(bytesOf(guid().replace(/-/g, ''))).slice(0, 22).replace(/\+/g, '-').replace(/\//g, '_'),
    parseGuid(value) {
      const digits = String(value).trim().replace(/^[{(](.*)[)}]$/, '$1').replace(/-/g, '').toLowerCase();
      if (!/^[0-9a-f]{32}$/.test(digits)) {
        throw new TypeError(`'${value}' is not a GUID.`);
      }
      return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    },
    bytesFromString: value => asBytes(utf8(String(value))),
    bytesToString: value => fromUtf8(value),
    bytesToBase64: value => toBase64(value),
    bytesFromBase64: value => asBytes(fromBase64(value)),
    stringToBase64: value => toBase64(utf8(String(value))),
    stringFromBase64: value => fromUtf8(fromBase64(value)),
  };
  for (const name of keys(functions)) {
    give(name, functions[name]);
  }
  if (mayHaveOutcomes) {
    const setOutcomes = values => host('outcomes', stringify([...values].map(String)));
    give('setOutcomes', setOutcomes);
    give('setOutcome', value => setOutcomes([value]));
  }

  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

  function bytesOf(hex) {
    return hex.match(/../g).map(two => parseInt(two, 16));
  }

  /** Bytes are written to JSON as Base64, which is what activities read. */
  function asBytes(list) {
    return defineProperty(Uint8Array.from(list), 'toJSON', { value() { return toBase64(this); } });
  }

  function utf8(value) {
    const escaped = encodeURIComponent(value.toWellFormed());
    const bytes = [];
    for (let i = 0; i < escaped.length; i++) {
      bytes.push(escaped[i] === '%' ? parseInt(escaped.slice(++i, ++i + 1), 16) : escaped.charCodeAt(i));
    }
    return bytes;
  }

  function fromUtf8(bytes) {
    let escaped = '';
    for (const byte of bytes) {
      escaped += '%' + (byte < 16 ? '0' : '') + byte.toString(16);
    }
    return decodeURIComponent(escaped);
  }

  function toBase64(bytes) {
    let out = '';
    for (let i = 0; i < bytes.length; i += 3) {
      const three = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
      out += alphabet[three >> 18] + alphabet[(three >> 12) & 63]
        + (i + 1 < bytes.length ? alphabet[(three >> 6) & 63] : '=') + (i + 2 < bytes.length ? alphabet[three & 63] : '=');
    }
    return out;
  }

  function fromBase64(value) {
    const digits = String(value).replace(/\s/g, '').replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '');
    const bytes = [];
    for (let i = 0, bits = 0, have = 0; i < digits.length; i++) {
      const digit = alphabet.indexOf(digits[i]);
      if (digit < 0 || digits.length % 4 === 1) {
        throw new TypeError('The text is not Base64.');
      }
      bits = ((bits << 6) | digit) & 0xffffff;
      have += 6;
      if (have >= 8) {
        have -= 8;
        bytes.push((bits >> have) & 255);
      }
    }
    return bytes;
  }

  let size = 0;
  function write(value, what) {
    let written;
    try {
      written = stringify(value) ?? 'null';
    } catch (e) {
      host('unwritable', what, String(e?.message ?? e), String(e?.name ?? 'Error'));
      throw e;
    }
    size += written.length;
    if (size > mostResult) {
      host('size', what);
      throw new Error('size');
    }
    return written;
  }

  function finish(value) {
    const unusable = typeof value === 'function' ? 'it is a function; call it' : value instanceof PromiseOf ? "it is a promise; write it without 'async'" : '';
    if (unusable) {
      host('unwritable', 'the result', unusable, 'TypeError');
      throw new Error(unusable);
    }
    host('result', write(value, 'the result'));
    const all = keys(variables);
    for (let i = 0; i < all.length; i++) {
      const name = all[i];
      const cell = cells[name];
      if (cell === undefined) {
        host('changed', name, write(variables[name], `variables.${name}`));
      } else if (cell.touched) {
        const after = write(cell.value, `variables.${name}`);
        if (after !== stringify(parse(host('variable', name)))) {
          host('changed', name, after);
        }
      }
    }
    host('head', stringify({ correlationId, runName }));
  }

  const PromiseOf = Promise;
  return function (script) {
    try {
      finish(script());
    } catch (e) {
      let name = 'Error', message = 'a value that can\'t be shown was thrown', stack = '';
      try {
        if (typeof e === 'object' && e !== null && 'message' in e) {
          name = String(e.name);
          message = String(e.message);
          stack = String(e.stack);
        } else {
          name = '';
          message = typeof e === 'object' && e !== null ? String(stringify(e)) : String(e);
        }
      } catch { /* Said above. */ }
      host('thrown', name, message, stack);
    }
  };
})
