// SPDX-License-Identifier: Apache-2.0
// What a check has at hand: the package, the device, engines that are built once, and ways to say what must hold.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { SkippedCheck } from './check.mjs';
import { ENGINES, MODELS } from './models.mjs';
import { fromHalf, relativeError } from './numbers.mjs';

/** Codes of a build that say "this family has no such thing", not "this went wrong". */
const NOT_IN_THIS_FAMILY = {
  ERR_TRT_BUILD_OPTION_UNSUPPORTED: () => true,
  // TensorRT-RTX has no plugins, and some operators are plugins. TensorRT itself reads all models of these checks.
  ERR_TRT_ONNX_UNSUPPORTED_OPERATOR: (family) => family === 'tensorrt-rtx',
};

/** Engines built by this process, by library and name; a failed build is not tried again. */
const builds = new Map();

export class CheckContext {
  /**
   * What a check found out, for the report.
   *
   * @type {Record<string, any>}
   */
  details = {};
  #owned = [];

  /**
   * @param {object} task
   * @param {object} task.api the package
   * @param {string} task.device `'cuda:0'`
   * @param {{family: string, version: string, path: string} | null} task.library
   * @param {{folder: string, engines?: string, isBuilding: boolean, quick: boolean, environment: object}} task.settings
   */
  constructor({ api, device, library, settings }) {
    this.api = api;
    this.device = device;
    this.library = library;
    this.settings = settings;
  }

  /** What the host has; a check that needs to know is skipped where that could not be read. */
  get host() {
    return this.settings.environment ?? this.skip('the environment could not be read: see environment.read');
  }

  /** Records something for the report. */
  note(name, value) {
    this.details[name] = value;
  }

  /** Ends the check: it cannot say anything here. */
  skip(reason) {
    throw new SkippedCheck(reason);
  }

  /** Fails the check unless `holds`. */
  expect(holds, message) {
    if (!holds) throw new Error(message);
  }

  /** Fails the check unless both are the same when written as JSON. */
  expectEqual(actual, expected, what) {
    const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
    this.expect(left === right, `${what}: expected ${right}, got ${left}`);
  }

  /** Fails the check unless `action` throws or rejects with a code that `codes` matches; gives back the error. */
  async expectError(codes, action) {
    const pattern = codes instanceof RegExp ? codes : new RegExp(`^${codes}$`);
    let error;
    try {
      await action();
    } catch (thrown) {
      // What the action needs is not here: that says nothing about the error that was expected.
      if (thrown instanceof SkippedCheck) throw thrown;
      error = thrown;
    }
    this.expect(error !== undefined, `expected an error ${pattern.source}, but nothing was thrown`);
    const isTyped = error instanceof this.api.TensorRTError && pattern.test(error.code);
    if (!isTyped) throw new Error(`expected ${pattern.source}, got ${error.code ?? error}`, { cause: error });
    return error;
  }

  /** Closes it when the check ends. */
  own(closable) {
    this.#owned.push(closable);
    return closable;
  }

  /** Closes everything, the last first; gives back the first error or null. */
  async close() {
    let failure = null;
    for (const closable of this.#owned.splice(0).reverse()) {
      try {
        await closable.close();
      } catch (error) {
        failure ??= error;
      }
    }
    return failure;
  }

  /** How often to repeat: fewer times with `--quick`. */
  times(usual, quick) {
    return this.settings.quick ? quick : usual;
  }

  /** What selects this check's library in `buildEngine()`. */
  get buildLibrary() {
    const { family, path } = this.library;
    const runtime = family === 'tensorrt-rtx' ? 'tensorrt-rtx' : 'tensorrt';
    // A bare soname was found by the loader's own search and is no path.
    return path.includes('/') ? { runtime, libraryPath: path } : { runtime };
  }

  /** What selects this check's library in `createSession()`. */
  get runLibrary() {
    const { path } = this.library;
    return path.includes('/') ? { runtimeLibrary: path } : {};
  }

  /** Builds one of {@link ENGINES} anew. */
  async build(name, options = {}) {
    if (!this.settings.isBuilding) this.skip(`this needs a build of "${name}" (--no-build)`);
    const { model, build } = ENGINES[name];
    try {
      return await this.api.buildEngine(model(), { ...this.buildLibrary, ...build, ...options });
    } catch (error) {
      const isMissing = NOT_IN_THIS_FAMILY[error.code]?.(this.library.family) ?? false;
      if (isMissing) this.skip(`${this.library.family} cannot build it. ${error.code}: ${error.message}`);
      throw error;
    }
  }

  /** Path of one of {@link ENGINES}: given by `--engines`, built by an earlier group, or built now. */
  enginePath(name) {
    const key = `${this.library.path} ${name}`;
    if (!builds.has(key)) builds.set(key, this.#findOrBuild(name));
    return builds.get(key);
  }

  /** Path of an engine that was given with `--engines`; undefined if it was not. */
  givenEngine(name) {
    const { engines } = this.settings;
    const given = engines && join(engines, this.library.family, `${name}.engine`);
    return given && existsSync(given) ? given : undefined;
  }

  async #findOrBuild(name) {
    const given = this.givenEngine(name);
    if (given !== undefined) return given;
    const folder = join(this.settings.folder, `${this.library.family}-${this.library.version}`);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.engine`);
    if (!existsSync(path)) await this.build(name, { outputPath: path });
    return path;
  }

  /** One of {@link ENGINES}, loaded. */
  async engine(name) {
    const path = await this.enginePath(name);
    const { path: libraryPath } = this.library;
    return this.api.loadEngine(path, libraryPath.includes('/') ? { libraryPath } : {});
  }

  /** A session over one of {@link ENGINES} on the device; closed with the check. */
  async session(name, options = {}) {
    const engine = await this.engine(name);
    return this.own(await this.openSession(engine, options));
  }

  /** A session over anything on the device; the caller closes it. */
  openSession(source, options = {}) {
    return this.api.createSession(source, { device: this.device, ...this.runLibrary, ...options });
  }

  /** Compares outputs with what the model's reference gives for the feeds; keeps the largest error for the report. */
  expectOutputs(model, feeds, outputs, what = '') {
    for (const [name, expected] of Object.entries(MODELS[model].expected(feeds))) {
      const actual = outputs[name];
      this.expect(actual !== undefined, `${what}: output "${name}" is missing`);
      this.expectEqual(actual.dims, expected.dims, `${what} dims of "${name}"`);
      this.expectClose(actual, expected, `${what} output "${name}"`);
    }
  }

  /** A tensor's elements as numbers: before Float16Array, half precision comes as bits. */
  numbersOf({ data, type }) {
    const isBits = type === 'float16' && data.constructor.name === 'Uint16Array';
    return isBits ? Array.from(data, fromHalf) : data;
  }

  /** Compares a tensor's elements with expected numbers. */
  expectClose(tensor, expected, what) {
    const error = relativeError(this.numbersOf(tensor), expected.data);
    this.details.largestError = Math.max(this.details.largestError ?? 0, error);
    this.expect(
      error <= expected.tolerance,
      `${what}: relative error ${error} is above ${expected.tolerance}`,
    );
  }
}
